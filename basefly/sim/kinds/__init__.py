"""What kinds of object a cluster knows: those built in, as the real server lists them, and its custom ones."""
