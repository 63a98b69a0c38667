"""`proxy`: a cluster asked through the hub, directly, and through `kubectl proxy`, side by side."""
