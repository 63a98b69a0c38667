"""The streams of the clusters: how far each list and watch has come, and how it fares."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from uuid import UUID

from basefly.base.db.transaction import Tx
from basefly.core.sync.model import Place, Standing, Stream

_COLUMNS = """cluster_id, resource, kind, version, namespaced, resource_version, state, reason, skipped, doubtful, due,
    listed_at, as_of"""


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
        set kind = excluded.kind, version = excluded.version, namespaced = excluded.namespaced"""
    await tx.execute(query, (tx.org_id, cluster_id, resource, kind, version, namespaced))


async def update_standings(tx: Tx, standings: Mapping[Place, Standing]) -> list[Place]:
    """Where streams stand, in the transaction that wrote their rows; returns those of which anything shown changed.

    The reason of what was skipped stays until the next list, for until then the answer lacks it. A thousand clusters
    that are lost at once are one statement.
    """
    query = """
        with moved as (
            update sync_streams s
            set resource_version = coalesce(i.resource_version, s.resource_version), state = i.state,
                as_of = case when i.resource_version is null then s.as_of else now() end,
                listed_at = case when i.listed then now() else s.listed_at end,
                skipped = i.skipped + case when i.anew then 0 else s.skipped end,
                doubtful = coalesce(i.doubtful, s.doubtful), due = coalesce(i.due, s.due),
                reason = case when i.reason = '' and s.skipped > 0 and not i.anew then s.reason else i.reason end
            from sync_streams before, unnest(
                %(clusters)s::uuid[], %(resources)s::text[], %(resource_version)s::text[], %(listed)s::boolean[],
                %(state)s::text[], %(reason)s::text[], %(skipped)s::integer[], %(anew)s::boolean[],
                %(doubtful)s::boolean[], %(due)s::boolean[]
            ) as i (cluster_id, resource, resource_version, listed, state, reason, skipped, anew, doubtful, due)
            where s.org_id = %(org)s and s.cluster_id = i.cluster_id and s.resource = i.resource
              and before.org_id = s.org_id and before.cluster_id = s.cluster_id and before.resource = s.resource
              and (i.resource_version is not null or i.skipped > 0 or i.anew or i.due is not null
                   or (s.state, s.reason) is distinct from (i.state, i.reason))
            returning s.cluster_id, s.resource, i.listed or i.skipped > 0
                or (s.state, s.reason) is distinct from (before.state, before.reason) as told
        )
        select cluster_id, resource from moved where told"""
    fields = ("resource_version", "listed", "state", "reason", "skipped", "anew", "doubtful", "due")
    values = {field: [getattr(standing, field) for standing in standings.values()] for field in fields}
    places = {"clusters": [p.cluster_id for p in standings], "resources": [p.resource for p in standings]}
    return await tx.all(Place, query, {"org": tx.org_id, **places, **values})


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


async def get_tombstone(tx: Tx, stream: Stream, namespace: str, name: str) -> str:
    """Why nobody saw an object go that is there no more; "" if somebody did, or if it was long ago."""
    query = """
        select reason from tombstones where org_id = %s and cluster_id = %s and resource = %s
          and namespace = %s and name = %s order by created_at desc limit 1"""
    return await tx.one(str, query, (tx.org_id, stream.cluster_id, stream.resource, namespace, name)) or ""


async def delete_stream(tx: Tx, cluster_id: UUID, resource: str) -> None:
    """The resource is no longer served."""
    query = "delete from sync_streams where org_id = %s and cluster_id = %s and resource = %s"
    await tx.execute(query, (tx.org_id, cluster_id, resource))


async def delete_cluster_streams(tx: Tx, cluster_id: UUID) -> int:
    """The cluster has left: its streams and what remains of its rollups go."""
    for table in ("rollups", "tombstones"):
        query = f"delete from {table} where org_id = %s and cluster_id = %s"  # noqa: S608  # one of these two
        await tx.execute(query, (tx.org_id, cluster_id))
    return await tx.execute("delete from sync_streams where org_id = %s and cluster_id = %s", (tx.org_id, cluster_id))
