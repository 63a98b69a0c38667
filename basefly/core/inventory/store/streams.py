"""The streams of the clusters (how far each list and watch has come), and what the rollups hold."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

import msgspec

from basefly.base.db.transaction import Tx
from basefly.core.inventory.model import Stream, StreamState

_COLUMNS = "cluster_id, resource, kind, version, namespaced, resource_version, state, reason, skipped, listed_at, as_of"


class Rollup(msgspec.Struct, frozen=True):
    """How many objects of a cluster share resource, namespace, status and health."""

    cluster_id: UUID
    resource: str
    namespace: str
    status: str
    health: str
    count: int


async def get_streams(tx: Tx, *, clusters: Sequence[UUID] | None = None, resource: str = "") -> list[Stream]:
    """Streams of these clusters (all when None), of one resource when given."""
    query = f"""
        select {_COLUMNS} from sync_streams
        where org_id = %(org)s and (%(clusters)s::uuid[] is null or cluster_id = any (%(clusters)s))
          and (%(resource)s = '' or resource = %(resource)s)
        order by cluster_id, resource"""  # noqa: S608  # the columns are a constant of this file
    clusters = None if clusters is None else list(clusters)
    return await tx.all(Stream, query, {"org": tx.org_id, "clusters": clusters, "resource": resource})


async def upsert_stream(tx: Tx, cluster_id: UUID, resource: str, *, kind: str, version: str, namespaced: bool) -> None:
    """Remember that this resource of this cluster is followed."""
    query = """
        insert into sync_streams (org_id, cluster_id, resource, kind, version, namespaced)
        values (%s, %s, %s, %s, %s, %s)
        on conflict (org_id, cluster_id, resource) do update
        set kind = excluded.kind, version = excluded.version, namespaced = excluded.namespaced
        where (sync_streams.kind, sync_streams.version, sync_streams.namespaced)
            is distinct from (excluded.kind, excluded.version, excluded.namespaced)"""
    await tx.execute(query, (tx.org_id, cluster_id, resource, kind, version, namespaced))


async def update_position(tx: Tx, cluster_id: UUID, resource: str, resource_version: str, *, listed: bool) -> None:
    """The rows are true as of this version, in the same transaction that wrote them."""
    query = """
        update sync_streams
        set resource_version = %(version)s, as_of = now(), state = 'live', reason = '',
            listed_at = case when %(listed)s then now() else listed_at end
        where org_id = %(org)s and cluster_id = %(cluster)s and resource = %(resource)s"""
    await tx.execute(
        query,
        {
            "org": tx.org_id,
            "cluster": cluster_id,
            "resource": resource,
            "version": resource_version,
            "listed": listed,
        },
    )


async def forget_positions(tx: Tx, cluster_id: UUID, reason: str) -> None:
    """List everything anew: the versions we stood at mean nothing any more. The rows stay until lists replace them."""
    query = """
        update sync_streams set resource_version = '', state = 'retrying', reason = %s
        where org_id = %s and cluster_id = %s"""
    await tx.execute(query, (reason, tx.org_id, cluster_id))


async def get_identity(tx: Tx, cluster_id: UUID) -> str | None:
    """The uid of the namespace kube-system as it was last seen: it lives exactly as long as its cluster."""
    query = """
        select uid from objects where org_id = %s and cluster_id = %s and resource = 'namespaces'
          and namespace = '' and name = 'kube-system'"""
    return await tx.one(str, query, (tx.org_id, cluster_id))


async def update_state(tx: Tx, cluster_id: UUID, resource: str, state: StreamState, reason: str) -> int:
    """The stream's state has changed; its rows and its position have not."""
    query = """
        update sync_streams set state = %(state)s, reason = %(reason)s
        where org_id = %(org)s and cluster_id = %(cluster)s and resource = %(resource)s
          and (state, reason) is distinct from (%(state)s, %(reason)s)"""
    values = {"org": tx.org_id, "cluster": cluster_id, "resource": resource, "state": state, "reason": reason}
    return await tx.execute(query, values)


async def count_skipped(tx: Tx, cluster_id: UUID, resource: str, reason: str) -> None:
    """One more object could not be kept; the reason of the last is shown with the stream."""
    query = """
        update sync_streams set skipped = skipped + 1, reason = %s
        where org_id = %s and cluster_id = %s and resource = %s"""
    await tx.execute(query, (reason, tx.org_id, cluster_id, resource))


async def delete_stream(tx: Tx, cluster_id: UUID, resource: str) -> None:
    """The resource is no longer served."""
    query = "delete from sync_streams where org_id = %s and cluster_id = %s and resource = %s"
    await tx.execute(query, (tx.org_id, cluster_id, resource))


async def delete_cluster_streams(tx: Tx, cluster_id: UUID) -> int:
    """The cluster has left: its streams and what remains of its rollups go."""
    await tx.execute("delete from rollups where org_id = %s and cluster_id = %s", (tx.org_id, cluster_id))
    return await tx.execute("delete from sync_streams where org_id = %s and cluster_id = %s", (tx.org_id, cluster_id))


async def get_rollups(tx: Tx, clusters: Sequence[UUID], resources: Sequence[str] = ()) -> list[Rollup]:
    """What the rollups hold for these clusters, and these resources when given."""
    query = """
        select cluster_id, resource, namespace, status, health, count from rollups
        where org_id = %(org)s and cluster_id = any (%(clusters)s) and count > 0
          and (%(resources)s::text[] = '{}' or resource = any (%(resources)s))"""
    values = {"org": tx.org_id, "clusters": list(clusters), "resources": list(resources)}
    return await tx.all(Rollup, query, values)
