"""The simulator's own fixtures, for its own tests."""

from tests.sim.fixtures import cluster, fleet

__all__ = ["cluster", "fleet"]
