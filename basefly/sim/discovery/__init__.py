"""What the cluster tells about itself: its kinds, its schemas, its version and health."""
