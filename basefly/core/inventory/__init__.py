"""What runs where: every object of every cluster, to be asked for, counted, searched and shown."""
