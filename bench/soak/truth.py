"""What a simulated cluster holds against what the inventory holds of it: object by object, every column of each."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

import msgspec

from basefly.base.db.pool import Database
from basefly.core.sync import kinds
from basefly.sim import Cluster

Key = tuple[str, str]  # resource and uid


class Held(msgspec.Struct, frozen=True):
    """One object: where it is, and a digest of all that is shown of it."""

    resource: str
    uid: str
    namespace: str
    name: str
    digest: int


def truth(cluster: Cluster) -> Mapping[Key, Held]:
    """Every object of every kind that is followed, as it has to be in the inventory."""
    found: dict[Key, Held] = {}
    for resource, kind in followed(cluster).items():
        decoder = msgspec.json.Decoder(kinds.by_resource(resource, kind).shape)
        for record in cluster.store.of(resource).page():
            row = kinds.row(kinds.by_resource(resource, kind), decoder.decode(record.body))
            found[resource, record.uid] = Held(resource, record.uid, record.namespace, record.name, row.digest)
    return found


def followed(cluster: Cluster) -> Mapping[str, str]:
    """The kinds of a cluster that the hub follows, by resource."""
    return {
        kind.name: kind.kind
        for kind in cluster.catalog
        if {"list", "watch"} <= set(kind.verbs) and kind.name not in kinds.IGNORED
    }


async def inventory(db: Database, org_id: UUID, cluster_id: UUID) -> Mapping[Key, Held]:
    """Every row that the inventory has of a cluster."""
    query = "select resource, uid, namespace, name, digest from objects where org_id = %s and cluster_id = %s"
    async with db.transaction(org_id) as tx:
        return {(row.resource, row.uid): row for row in await tx.all(Held, query, [org_id, cluster_id])}


def differences(held: Mapping[Key, Held], true: Mapping[Key, Held]) -> list[str]:
    """In words, a line for each object that is missing, no more, or not as it is shown."""
    lost = [f"missing: {_said(true[key])}" for key in true.keys() - held.keys()]
    stale = [f"no more: {_said(held[key])}" for key in held.keys() - true.keys()]
    wrong = [f"old: {_said(true[key])}" for key in true.keys() & held.keys() if true[key] != held[key]]
    return sorted([*lost, *stale, *wrong])


def _said(held: Held) -> str:
    return f"{held.resource} {held.namespace}/{held.name}"
