"""Which shard a cluster lives on: rendezvous hashing, so that a shard more moves only what goes to it."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from basefly.core.sync.sharing.shares import Sharer, owner


def shard_of(cluster: UUID, shards: Sequence[str]) -> str:
    """The shard of a cluster, found as processes find out who follows it. ValueError without any shard."""
    owned = owner(cluster, "", [Sharer(name) for name in shards])
    if owned is None:
        raise ValueError("there is no shard")
    return owned


def moved(clusters: Sequence[UUID], before: Sequence[str], after: Sequence[str]) -> float:
    """The part of the clusters, 0 to 1, that lives elsewhere once these shards have become those."""
    return sum(shard_of(cluster, before) != shard_of(cluster, after) for cluster in clusters) / len(clusters)
