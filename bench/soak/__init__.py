"""`soak`: clusters in upheaval, followed by the hub's own sync, judged by the promises of watches."""
