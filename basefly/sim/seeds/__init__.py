"""What a cluster holds: what every API server makes for itself, and a believable fleet from a seed."""
