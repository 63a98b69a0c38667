"""Shells in containers, from the page and recorded where the organization wants it."""
