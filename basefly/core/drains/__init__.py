"""Nodes emptied as a durable operation: evictions that respect budgets, progress for each pod, what holds one back."""
