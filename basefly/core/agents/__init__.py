"""Clusters behind firewalls: their agents dial out to the hub, which reaches them through the tunnels."""
