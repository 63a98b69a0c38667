"""The REST face of a cluster: paths, negotiation, and one module for each family of verbs."""
