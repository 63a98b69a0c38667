"""Identity as JSON."""
