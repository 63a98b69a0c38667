"""The first bar: lists, searches, counts and streams of rows over the whole fleet, beside the usual design."""
