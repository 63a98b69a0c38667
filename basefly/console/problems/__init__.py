"""What is wrong in the fleet: found, told as one thing where it is one, and what to try."""
