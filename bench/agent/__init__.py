"""Agents: a crowd that comes back at once, and what one of them costs."""
