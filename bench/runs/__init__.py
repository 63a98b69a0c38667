"""Runs of benches: all of them in turn, and what those of before had found."""
