"""Who asks and what they may: certificates, users, and the cluster's own roles."""
