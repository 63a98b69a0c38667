"""Simulated clusters for tests: `fleet` and `cluster`, for a conftest to import."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from basefly.sim import Cluster, Fleet


@pytest.fixture
async def fleet() -> AsyncIterator[Fleet]:
    """Two clusters that listen, with what a fresh API server holds and nothing else."""
    async with Fleet.start(clusters=2) as started:
        yield started


@pytest.fixture
def cluster(fleet: Fleet) -> Cluster:
    """The first cluster of the fleet."""
    return fleet.clusters[0]
