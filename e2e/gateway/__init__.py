"""What people do to real clusters through the hub."""
