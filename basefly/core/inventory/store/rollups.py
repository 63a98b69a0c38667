"""The rollups: how many objects there are of what, counted as rows are written, so that no answer has to."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

import msgspec

from basefly.base.db.transaction import Tx


class Rollup(msgspec.Struct, frozen=True):
    """How many objects of a cluster share resource, namespace, status and health."""

    cluster_id: UUID
    resource: str
    namespace: str
    status: str
    health: str
    count: int


async def get_rollups(tx: Tx, clusters: Sequence[UUID], resources: Sequence[str] = ()) -> list[Rollup]:
    """What the rollups hold for these clusters, and these resources when given."""
    query = """
        select cluster_id, resource, namespace, status, health, count from rollups
        where org_id = %(org)s and cluster_id = any (%(clusters)s) and count > 0
          and (%(resources)s::text[] = '{}' or resource = any (%(resources)s))"""
    values = {"org": tx.org_id, "clusters": list(clusters), "resources": list(resources)}
    return await tx.all(Rollup, query, values)
