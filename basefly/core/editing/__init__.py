"""Objects edited as YAML and manifests applied: what would change is shown first, and who owns what would."""
