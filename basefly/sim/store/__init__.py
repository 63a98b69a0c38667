"""What a cluster remembers: objects, their versions, and the history that lists and watches read."""
