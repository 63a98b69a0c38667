"""Clusters on their way from the user's kubeconfig to the hub."""
