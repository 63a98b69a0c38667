"""What it costs that the clusters' own rules count."""
