"""The inside of a simulated container: a shell with a few programs, a terminal, and what listens at its ports."""
