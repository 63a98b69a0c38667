"""What is in someone's sight: the clusters, and answers about them that all may share who see the same."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Hashable, Sequence
from typing import TypeVar
from uuid import UUID

from basefly.base.db.transaction import Tx
from basefly.base.principal import Principal
from basefly.base.web.boundary.sharing import shared
from basefly.core.clusters import store as clusters
from basefly.core.clusters.model import ClusterState
from basefly.core.clusters.selection import within

T = TypeVar("T")

READ = "inventory:read"
FEW = 20  # clusters of which each is listened for by itself


async def visible_clusters(
    tx: Tx, by: Principal, wanted: Sequence[str] = (), sets: Sequence[str] = ()
) -> list[ClusterState]:
    """The clusters in sight; of these, those in one of the sets; of these, those named by id or name.

    Raises NotFound and Invalid as `within` does.
    """
    states = await tx.shared("clusters in sight", clusters.get_states, "clusters/*")
    seen = by.scope(READ).clusters
    return within(states if seen is None else [c for c in states if c.id in seen], wanted, sets)


async def answered(
    tx: Tx,
    by: Principal,
    asked: Hashable,
    read: Callable[[Tx], Awaitable[T]],
    *,
    resource: str = "*",
    clusters: Sequence[UUID] | None = None,
) -> T:
    """What `read` finds of a resource, or of all, in these clusters or everywhere; shared while it is true."""
    places = ["*"] if clusters is None or len(clusters) > FEW else list(map(str, clusters))
    return await shared(tx, by, asked, read, "clusters/*", *(f"inventory/{place}/{resource}" for place in places))
