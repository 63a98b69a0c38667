"""One cluster as its page tells it: what is wrong, how full it is, what it is made of, what we may not see of it."""
