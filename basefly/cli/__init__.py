"""The command line: a client of the JSON API, and the starter of the hub."""
