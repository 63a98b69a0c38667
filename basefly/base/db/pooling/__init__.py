"""What stands behind a transaction: connections to one server, a replica that follows it, what took long."""
