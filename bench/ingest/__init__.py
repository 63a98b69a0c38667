"""The sync: what it costs beside others, and where each microsecond goes."""
