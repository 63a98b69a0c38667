"""Features: slices of which none knows another."""
