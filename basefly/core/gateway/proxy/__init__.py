"""The Kubernetes API of every cluster at one address: kubectl and any other client speak to it as to an API server."""
