"""Questions over the whole fleet that no list asks: what is failing under which name, and how much is taken."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

import msgspec

from basefly.base.db.transaction import Tx, sql
from basefly.base.principal import Scope
from basefly.core.inventory.store.filters import Where

SICK_AT_MOST = 5000  # groups; what is beyond them is not worse, only more


class Sick(msgspec.Struct, frozen=True, kw_only=True):
    """Failing objects of one cluster that share kind, status and the name they run under (of a pod: its workload's)."""

    cluster_id: UUID
    resource: str
    status: str
    name: str
    namespace: str
    count: int


class Capacity(msgspec.Struct, frozen=True, kw_only=True):
    """Of one cluster: cores and bytes that its nodes offer, those its pods request, and pods that fit and that run."""

    cluster_id: UUID
    cpu: float = 0.0
    cpu_requested: float = 0.0
    memory: float = 0.0
    memory_requested: float = 0.0
    pods: int = 0
    pods_running: int = 0


async def get_sick(tx: Tx, scope: Scope, clusters: Sequence[UUID], resources: Sequence[str]) -> list[Sick]:
    """What is failing in these clusters, most first."""
    where = Where(scope, *resources)
    where.add("o.health = 'bad' and o.resource = any (%s) and o.cluster_id = any (%s)", list(resources))
    where.values.append(list(clusters))
    statement = sql.SQL(
        """
        select o.cluster_id, o.resource, o.status, coalesce(top.name, above.name, o.name) as name, o.namespace,
               count(*) as count
        from objects o
        left join objects above on o.resource = 'pods' and o.owner_uid <> ''
          and above.org_id = o.org_id and above.cluster_id = o.cluster_id and above.uid = o.owner_uid
          and above.resource = any ('{replicasets.apps,statefulsets.apps,daemonsets.apps,jobs.batch}')
        left join objects top on above.owner_uid <> ''
          and top.org_id = above.org_id and top.cluster_id = above.cluster_id and top.uid = above.owner_uid
          and top.resource = any ('{deployments.apps,cronjobs.batch}')
        where """
    )
    grouped = sql.SQL("{}{} group by 1, 2, 3, 4, 5 order by count(*) desc, 4 limit {}").format(
        statement, where.clause, sql.Literal(SICK_AT_MOST)
    )
    return await tx.all(Sick, grouped, where.values)


async def get_capacity(tx: Tx, clusters: Sequence[UUID]) -> list[Capacity]:
    """How much of each of these clusters is requested, from its nodes and its pods that have not ended.

    Every pod is read: ask for few clusters, or seldom.
    """
    query = """
        with offered as (
            select cluster_id, sum((cells ->> 'cpu')::float8) as cpu, sum((cells ->> 'memory')::float8) as memory,
                   sum((cells ->> 'pods')::int) as pods
            from objects where org_id = %(org)s and resource = 'nodes' and cluster_id = any (%(clusters)s)
            group by cluster_id
        ), taken as (
            select cluster_id, sum((cells ->> 'cpu')::float8) as cpu, sum((cells ->> 'memory')::float8) as memory,
                   count(*) as pods
            from objects where org_id = %(org)s and resource = 'pods' and cluster_id = any (%(clusters)s)
              and health <> 'idle' and cells ->> 'node' <> ''
            group by cluster_id
        )
        select cluster_id, coalesce(o.cpu, 0) as cpu, coalesce(t.cpu, 0) as cpu_requested,
               coalesce(o.memory, 0) as memory, coalesce(t.memory, 0) as memory_requested,
               coalesce(o.pods, 0)::int as pods, coalesce(t.pods, 0)::int as pods_running
        from offered o left join taken t using (cluster_id)"""
    return await tx.all(Capacity, query, {"org": tx.org_id, "clusters": list(clusters)})
