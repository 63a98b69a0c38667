"""Workloads over clusters: one line for what runs under the same name in many of them."""
