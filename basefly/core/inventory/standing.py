"""How fresh an answer over several kinds is: which clusters it covers, since when it is true, and whose part lacks."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from basefly.base.db.transaction import Tx
from basefly.base.principal import Principal
from basefly.core.clusters.model import ClusterState
from basefly.core.inventory.answers import standing, visible_clusters
from basefly.core.sync.freshness import Missing


class Coverage(msgspec.Struct, frozen=True):
    """The clusters asked for, when the part of each was last true, and whose part is old or absent."""

    clusters: list[ClusterState]
    as_of: dict[str, datetime | None]
    missing: list[Missing]

    @property
    def names(self) -> dict[UUID, str]:
        """Their names by id."""
        return {cluster.id: cluster.name for cluster in self.clusters}

    def topics(self, *resources: str) -> str:
        """What a page over these kinds follows: one cluster alone, several by their pattern."""
        place = str(self.clusters[0].id) if len(self.clusters) == 1 else "*"
        return " ".join([*(f"inventory/{place}/{resource}" for resource in resources), f"clusters/{place}"])


async def get_coverage(tx: Tx, by: Principal, wanted: Sequence[str], resources: Sequence[str]) -> Coverage:
    """Where an answer about these resources stands. `wanted` names clusters by id or name; () means all in sight.

    Raises NotFound for a cluster that is not in sight.
    """
    asked = await visible_clusters(tx, by, wanted)
    return Coverage(asked, *(await standing(tx, by, asked, resources)))
