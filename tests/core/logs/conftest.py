"""A hub and a simulated cluster whose logs are read."""

from __future__ import annotations

from tests.core.gateway.conftest import followed, register
from tests.sim.fixtures import cluster, fleet

__all__ = ["cluster", "fleet", "followed", "register"]
