"""One organization over several PostgreSQLs, split by cluster: what it costs to ask them all and join the answers."""
