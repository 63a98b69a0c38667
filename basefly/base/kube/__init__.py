"""Kubernetes as it is spoken on the wire: credentials, client, discovery, list and watch. Nothing of ours."""
