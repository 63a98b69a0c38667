"""The user's own kubeconfig, read as kubectl reads it and made self-contained before it leaves this machine."""
