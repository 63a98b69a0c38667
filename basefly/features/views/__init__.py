"""Saved views: lists as someone likes to see them, under a name."""
