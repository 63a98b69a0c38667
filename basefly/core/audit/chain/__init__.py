"""The chain: each record hashed with the one before it, signed now and then, and verified from end to end."""
