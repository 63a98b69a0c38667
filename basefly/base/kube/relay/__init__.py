"""HTTP/1.1 passed on as it is: a connection as events, an API server's connections, and bytes after an upgrade."""
