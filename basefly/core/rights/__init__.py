"""Rights in clusters: what each cluster's own RBAC lets a person see, for organizations that want it to count."""
