"""The agent against real API servers: its rights, its keys, and what cuts of the network do."""
