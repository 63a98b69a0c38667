"""What every request meets before its route: quotas, and keys that make a repetition harmless."""
