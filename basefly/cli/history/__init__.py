"""What objects were like, and what changed lately."""
