"""Figures about Basefly itself, in Prometheus' text format; each room adds its own with the names of its subject."""

from __future__ import annotations

from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, Counter, Gauge, Histogram, generate_latest

__all__ = ["CONTENT_TYPE_LATEST", "Counter", "Gauge", "Histogram", "exposition"]


def exposition() -> bytes:
    """Every metric as text, with the content type CONTENT_TYPE_LATEST."""
    return generate_latest(REGISTRY)
