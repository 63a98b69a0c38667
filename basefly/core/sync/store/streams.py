"""The streams of the clusters: how far each list and watch has come, and how it fares."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Hashable, Iterable, Mapping, Sequence
from datetime import timedelta
from typing import TypeVar
from uuid import UUID

import msgspec

from basefly.base.db.transaction import Json, Tx
from basefly.base.kube.discovery import Resource
from basefly.core.sync.freshness import LIVE_WITHIN, SIGN_WITHIN
from basefly.core.sync.model import Place, Served, Standing, Stream
from basefly.core.sync.printed import Printed

T = TypeVar("T")

MARGIN = timedelta(seconds=5)
_COLUMNS = """cluster_id, resource, kind, version, namespaced, resource_version, state, reason, skipped, doubtful, due,
    listed_at, as_of, printed"""
MAIN = ("namespaces", "nodes", "pods")  # what every cluster serves
DEFINITIONS = "customresourcedefinitions.apiextensions.k8s.io"


class Definition(msgspec.Struct, frozen=True):
    """A custom resource definition's name, which is its resource's, and the columns of each version that has some."""

    name: str
    printed: dict[str, tuple[Printed, ...]]


async def get_streams(tx: Tx, *, clusters: Sequence[UUID] | None = None, resource: str = "") -> list[Stream]:
    """Streams of these clusters (all when None), of one resource when given."""
    conditions = ["org_id = %(org)s"]
    conditions += [] if clusters is None else ["cluster_id = any (%(clusters)s)"]
    conditions += ["resource = %(resource)s"] if resource else []
    query = f"select {_COLUMNS} from sync_streams where {' and '.join(conditions)} order by cluster_id, resource"  # noqa: S608  # of constants
    values = {"org": tx.org_id, "clusters": list(clusters or ()), "resource": resource}
    return await tx.all(Stream, query, values)


async def get_tellers(tx: Tx, clusters: Sequence[UUID], resources: Sequence[str]) -> list[Stream]:
    """Of the streams of these resources those that tell how fresh their clusters are; of none given, of all.

    For all of them, MAIN speak for those that are live.

    All that are not live or left something out; of the others in each cluster the one with the oldest sign, and one
    without any, for nothing else of them matters (see freshness).
    """
    these = "org_id = %(org)s and cluster_id = any (%(clusters)s)"
    sick = these + (" and resource = any (%(resources)s)" if resources else "")
    live = these + " and resource = any (%(live)s)"
    query = f"""
        select {_COLUMNS} from sync_streams where {sick} and (state <> 'live' or skipped > 0)
        union all
        select cluster_id, min(resource), min(kind), min(version), bool_or(namespaced), '', 'live', '', 0, false, false,
               min(listed_at), min(as_of), '[]'::jsonb
        from sync_streams where {live} and state = 'live' and skipped = 0
        group by cluster_id, as_of is null
        order by cluster_id, resource"""  # noqa: S608  # of constants of this file
    values = {"org": tx.org_id, "clusters": list(clusters), "resources": list(resources)}
    return await tx.all(Stream, query, values | {"live": list(resources or MAIN)})


async def remember_untroubled(
    tx: Tx, name: Hashable, read: Callable[[Tx], Awaitable[T]], resources: Sequence[str], *, seconds: float, of: object
) -> T:
    """What `read` brings, as in `Tx.remembered`, until a stream of these resources fails or recovers."""
    digest = """
        select coalesce(sum(hashtextextended(
            concat_ws('/', cluster_id, resource, state, skipped, reason, as_of), 0)), 0)
        from sync_streams
        where org_id = %s and (resource = any (%s) or %s) and (state <> 'live' or skipped > 0)"""
    params = [tx.org_id, list(resources), not resources]
    return await tx.remembered(name, read, digest, params, seconds=seconds, of=of)


async def get_doubted(tx: Tx, clusters: Sequence[UUID] | None, resources: Sequence[str]) -> set[UUID]:
    """Of these clusters (all when None) those that may lack a part of an answer about these resources.

    Of the others every stream of these resources is surely live by the rules of freshness, with a margin for the time
    that an answer takes: so the rules need be applied to few.
    """
    query = """
        select c.id from clusters c left join (
            select cluster_id, bool_and(state = 'live' and skipped = 0
                                        and coalesce(as_of > now() - %(sign)s, false)) as live
            from sync_streams where org_id = %(org)s and resource = any (%(resources)s) group by 1
        ) s on s.cluster_id = c.id
        where c.org_id = %(org)s and c.deleted_at is null
          and (%(clusters)s::uuid[] is null or c.id = any (%(clusters)s))
          and (c.health = 'unreachable' or s.live is not true
               or coalesce(c.answered_at < now() - %(answer)s, true))"""
    which = {"org": tx.org_id, "clusters": None if clusters is None else list(clusters), "resources": list(resources)}
    values = which | {"sign": SIGN_WITHIN - MARGIN, "answer": LIVE_WITHIN - MARGIN}
    return set(await tx.all(UUID, query, values))


async def get_served(tx: Tx, clusters: Sequence[UUID], resources: Sequence[str] = ()) -> list[Served]:
    """Every resource that is followed in one of these clusters, by name; of these resources when given."""
    these = "and resource = any (%(resources)s)" if resources else ""
    query = f"""
        select resource, min(kind) as kind, max(version) as version, bool_or(namespaced) as namespaced,
               count(*) as clusters,
               coalesce(jsonb_agg(distinct printed) filter (where printed <> '[]'), '[]') as printed
        from sync_streams where org_id = %(org)s and cluster_id = any (%(clusters)s) {these}
        group by resource order by resource"""  # noqa: S608  # of constants of this file
    return await tx.all(Served, query, {"org": tx.org_id, "clusters": list(clusters), "resources": list(resources)})


async def is_namespaced(tx: Tx, resource: str) -> bool:
    """Whether objects of this resource belong to namespaces in some cluster."""
    query = "select exists (select from sync_streams where org_id = %s and resource = %s and namespaced)"

    async def read(tx: Tx) -> bool:
        return bool(await tx.value(query, [tx.org_id, resource]))

    return await tx.shared(("namespaced", resource), read, f"inventory/*/{resource}", "clusters/*")


async def get_begun(tx: Tx, clusters: Sequence[UUID]) -> set[UUID]:
    """Those of the clusters in which anything is followed yet."""
    query = """
        select c.id from unnest(%s::uuid[]) as c (id)
        where exists (select from sync_streams s where s.org_id = %s and s.cluster_id = c.id)"""
    return set(await tx.all(UUID, query, [list(clusters), tx.org_id]))


async def get_removed(tx: Tx) -> list[UUID]:
    """Clusters that were removed while something of them is still kept."""
    query = """
        select c.id from clusters c where c.org_id = %s and c.deleted_at is not null
          and exists (select from sync_streams s where s.org_id = c.org_id and s.cluster_id = c.id)"""
    return await tx.all(UUID, query, [tx.org_id])


async def upsert_streams(tx: Tx, cluster_id: UUID, followed: Iterable[tuple[Resource, tuple[Printed, ...]]]) -> None:
    """Remember that these resources of a cluster are followed, with these columns: for others one is listed anew.

    In one statement: where many clusters begin at once, none holds its connection while the loop is busy elsewhere.
    """
    query = """
        insert into sync_streams as s (org_id, cluster_id, resource, kind, version, namespaced, printed)
        select %(org)s, %(cluster)s, * from jsonb_to_recordset(%(streams)s)
            as i (resource text, kind text, version text, namespaced boolean, printed jsonb)
        on conflict (org_id, cluster_id, resource) do update
        set kind = excluded.kind, version = excluded.version, namespaced = excluded.namespaced,
            resource_version = case when s.printed = excluded.printed then s.resource_version else '' end,
            printed = excluded.printed"""
    told = [
        {"resource": r.name, "kind": r.kind, "version": r.version, "namespaced": r.namespaced, "printed": printed}
        for r, printed in followed
    ]
    if told:
        await tx.execute(query, {"org": tx.org_id, "cluster": cluster_id, "streams": Json(told)})


async def get_definitions(tx: Tx, cluster_id: UUID) -> list[Definition]:
    """The columns that the custom resource definitions of a cluster name."""
    query = """
        select name, coalesce(cells -> 'printed', '{}') as printed from objects
        where org_id = %s and cluster_id = %s and resource = %s"""
    return await tx.all(Definition, query, (tx.org_id, cluster_id, DEFINITIONS))


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
    for table in ("rollups", "tombstones", "image_uses", "event_rollups", "app_rollups"):
        query = f"delete from {table} where org_id = %s and cluster_id = %s"  # noqa: S608  # one of these five
        await tx.execute(query, (tx.org_id, cluster_id))
    return await tx.execute("delete from sync_streams where org_id = %s and cluster_id = %s", (tx.org_id, cluster_id))
