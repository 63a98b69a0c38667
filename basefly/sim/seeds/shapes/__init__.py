"""Manifests of everything that a seeded cluster holds."""
