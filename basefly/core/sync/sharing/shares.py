"""Whose is a cluster? Rendezvous hashing: everybody works it out alone; who comes or goes moves only their share.

Each process draws a lot for each cluster, and the highest owns it (Thaler and Ravishankar, "A Name-Based Mapping Scheme
for Rendezvous", 1996).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from hashlib import blake2b
from uuid import UUID

import msgspec


class Sharer(msgspec.Struct, frozen=True):
    """A process that follows clusters: of these regions alone, or of any where it names none."""

    name: str
    regions: tuple[str, ...] = ()


def owner(cluster_id: UUID, region: str, sharers: Iterable[Sharer]) -> str | None:
    """The name of who follows this cluster; None when nobody may."""
    may = candidates(region, list(sharers))
    return max((one.name for one in may), key=lambda name: (_lot(name, cluster_id), name), default=None)


def stands_in(cluster_id: UUID, region: str, sharers: Sequence[Sharer], late: Collection[str]) -> str | None:
    """Who follows this cluster for its owner, should that be late and not have taken it; None while it is not late."""
    if not late or owner(cluster_id, region, sharers) not in late:
        return None
    return owner(cluster_id, region, [one for one in sharers if one.name not in late])


def candidates(region: str, sharers: Sequence[Sharer]) -> list[Sharer]:
    """Who may follow the clusters of a region: those who are pinned to it; where there are none, those of any region.

    Where a cluster is that does not say so is found out by following it: without anybody of any region everybody may.
    """
    pinned = [one for one in sharers if region in one.regions]
    return pinned or [one for one in sharers if not one.regions] or ([] if region else list(sharers))


def _lot(name: str, cluster_id: UUID) -> bytes:
    return blake2b(name.encode(), key=cluster_id.bytes, digest_size=8).digest()
