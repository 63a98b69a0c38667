"""The small program inside a cluster that dials out to the hub, and lets it speak to the cluster's API server."""
