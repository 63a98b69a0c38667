"""What happens by itself, what must finish though the process dies, and how everything ends in order."""
