"""How the command line speaks to the hub, to a cluster and to an issuer: the one home of its HTTP client."""
