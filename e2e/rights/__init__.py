"""Whom clusters let see what, against real API servers."""
