"""Objects that are there and cannot be read: where they are, and why."""
