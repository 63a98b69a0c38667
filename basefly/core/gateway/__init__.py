"""A person's hand on a cluster: the one door, and the Kubernetes API of every cluster behind it."""
