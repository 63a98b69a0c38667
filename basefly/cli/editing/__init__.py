"""Changing what objects are, from the command line."""
