"""The hand on a running fleet: faults and acts over HTTP and on the command line."""
