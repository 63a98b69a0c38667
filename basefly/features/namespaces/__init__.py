"""Namespaces over clusters, and what their quotas leave."""
