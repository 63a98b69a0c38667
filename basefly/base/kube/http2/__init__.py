"""HTTP/2 to API servers: the many silent watches of a cluster share a connection or a few."""
