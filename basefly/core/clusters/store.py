"""Every query of the clusters. What people read goes through their scope."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec

from basefly.base.db import archive
from basefly.base.db.transaction import Tx, sql
from basefly.base.principal import Scope
from basefly.core.clusters.model import Cluster, ClusterState, Health, Place

# What goes and comes back with a cluster. What the inventory knows of it is not kept: only the cluster makes it true.
REMOVAL = archive.Plan(
    root="clusters", parts=(archive.Part("cluster_credentials", "clusters", "cluster_id", id="cluster_id"),)
)

_COLUMNS = sql.SQL("""
    c.id, c.name, c.labels, c.region, c.provider, c.version, c.health, c.health_reason, c.health_since, c.server,
    c.answered_at as as_of, c.latency_ms, c.probed_at, c.created_at, c.deleted_at as removed_at,
    case when c.restored_at > now() - interval '7 days' then c.restored_at end as restored_at
""")
# What a list can be sorted by: a text expression each, so that every cursor looks alike.
SORTS: Mapping[str, str] = {
    "name": "lower(c.name)",
    "health": "array_position(array['unreachable', 'degraded', 'unknown', 'healthy'], c.health)::text",
    "region": "lower(c.region)",
    "provider": "lower(c.provider)",
    "version": "c.version",
    "created_at": "to_char(c.created_at at time zone 'utc', 'YYYY-MM-DD HH24:MI:SS.US')",
}


_STATE = sql.SQL("id, name, region, provider, version, health, health_reason, credentials_version, labels")
_STATES_DIGEST = sql.SQL("""
    select (count(*), sum(hash_record_extended(row({}), 0)))::text
    from clusters where org_id = %s and deleted_at is null
""").format(_STATE)
STATES_KEPT = 2.0  # seconds
_MINOR = r"coalesce(substring(c.version from '^v?(\d+\.\d+)'), '')"


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """Which clusters a list is to show. `after` is the sort key and the id of the last one shown."""

    text: str = ""
    labels: Sequence[tuple[str, str | None]] = ()  # a key, and its value or None for any
    health: Sequence[str] = ()
    region: Sequence[str] = ()
    provider: Sequence[str] = ()
    version: Sequence[str] = ()  # minor releases: "1.33"; "unknown" for what cannot be read
    removed: bool = False
    sort: str = "name"
    descending: bool = False
    after: tuple[str, UUID] | None = None
    limit: int = 50


class Twin(msgspec.Struct, frozen=True):
    """A cluster that is there already."""

    id: UUID
    name: str


class _Traits(msgspec.Struct, frozen=True):
    region: str
    provider: str
    version: str


class Vital(msgspec.Struct, frozen=True, kw_only=True):
    """How a cluster fares: what the last probe says, what the streams say, and what comes of both."""

    probe_health: Health
    probe_reason: str
    stream_trouble: str
    health: Health
    health_reason: str
    version: str


class Listed(Cluster, frozen=True, kw_only=True):
    """A cluster of a list, with its sort key."""

    key: str

    def cluster(self, counts: Mapping[str, int]) -> Cluster:
        """The cluster itself, with how much runs in it."""
        values = {field: getattr(self, field) for field in Cluster.__struct_fields__}
        return Cluster(**values | {"counts": dict(counts)})


class Connection(msgspec.Struct, frozen=True):
    """What it takes to connect to a cluster, still sealed."""

    server: str
    credentials_version: int
    sealed: bytes


class Target(msgspec.Struct, frozen=True):
    """A cluster as the prober sees it."""

    id: UUID
    name: str
    credentials_version: int
    health: str
    probe_health: str
    version: str


async def page(tx: Tx, scope: Scope, wanted: Wanted) -> list[Listed]:
    """Clusters in sight that match, from the cursor on."""
    where, values = _where(tx, scope, wanted)
    key = sql.SQL(SORTS[wanted.sort])
    if wanted.after is not None:
        beyond = sql.SQL("<" if wanted.descending else ">")
        where += sql.SQL(' and ({} collate "C", c.id) {} (%(key)s, %(id)s)').format(key, beyond)
        values |= {"key": wanted.after[0], "id": wanted.after[1]}
    query = sql.SQL(
        "select {columns}, {key} as key from clusters c where {where}"
        ' order by {key} collate "C" {direction}, c.id {direction} limit %(limit)s'
    ).format(columns=_COLUMNS, key=key, where=where, direction=sql.SQL("desc" if wanted.descending else "asc"))
    return await tx.all(Listed, query, values | {"limit": wanted.limit})


async def count(tx: Tx, scope: Scope, wanted: Wanted) -> int:
    """How many clusters in sight match, wherever the cursor stands."""
    where, values = _where(tx, scope, wanted)
    return int(await tx.value(sql.SQL("select count(*) from clusters c where {}").format(where), values))


async def get_traits(tx: Tx, scope: Scope) -> list[tuple[str, str, str]]:
    """Region, provider and minor release of the clusters in sight, each combination once."""
    where, values = _where(tx, scope, Wanted())
    query = sql.SQL("select distinct c.region, c.provider, {} as version from clusters c where {}").format(
        sql.SQL(_MINOR), where
    )
    return [(t.region, t.provider, t.version) for t in await tx.all(_Traits, query, values)]


async def get(tx: Tx, scope: Scope, cluster_id: UUID, *, removed: bool = False) -> Cluster | None:
    """A cluster in sight, a removed one only if asked for."""
    if not scope.sees(cluster_id):
        return None
    query = sql.SQL(
        "select {} from clusters c where c.org_id = %s and c.id = %s and (c.deleted_at is null or %s)"
    ).format(_COLUMNS)
    return await tx.one(Cluster, query, [tx.org_id, cluster_id, removed])


async def get_id(tx: Tx, name: str) -> UUID | None:
    """The id of the cluster of that name that is not removed."""
    query = "select id from clusters where org_id = %s and lower(name) = lower(%s) and deleted_at is null"
    return await tx.one(UUID, query, [tx.org_id, name])


async def get_twin(tx: Tx, server: str, identity: str) -> Twin | None:
    """A cluster that is not removed and is the same: at this address, or with this identity if that is known.

    The address of one that has an agent says nothing: it is that within the cluster.
    """
    query = """
        select id, name from clusters
        where org_id = %(org)s and deleted_at is null
          and ((server = %(server)s and not exists (
                    select from cluster_credentials k
                    where (k.org_id, k.cluster_id) = (clusters.org_id, clusters.id) and k.kind = 'agent'))
               or (identity = %(identity)s and identity <> ''))
        order by created_at limit 1"""
    return await tx.one(Twin, query, {"org": tx.org_id, "server": server, "identity": identity})


async def renew_credentials(tx: Tx, cluster_id: UUID) -> None:
    """The credentials are others now: whoever holds a client asks for a new one."""
    query = "update clusters set credentials_version = credentials_version + 1 where org_id = %s and id = %s"
    await tx.execute(query, [tx.org_id, cluster_id])


async def get_states(tx: Tx) -> Sequence[ClusterState]:
    """Every cluster that is not removed, for those who follow them. By name.

    Almost every answer begins with them, so they are remembered until one of them changes. A successful probe alone is
    no such change: `probed_at` is up to STATES_KEPT behind.
    """
    return await tx.remembered("clusters", _read_states, _STATES_DIGEST, [tx.org_id], seconds=STATES_KEPT)


async def _read_states(tx: Tx) -> list[ClusterState]:
    query = sql.SQL("""
        select {}, answered_at as probed_at
        from clusters where org_id = %s and deleted_at is null order by lower(name)
    """).format(_STATE)
    return await tx.all(ClusterState, query, [tx.org_id])


async def get_targets(tx: Tx) -> list[Target]:
    """Every cluster to probe."""
    query = """
        select id, name, credentials_version, health, probe_health, version
        from clusters where org_id = %s and deleted_at is null
    """
    return await tx.all(Target, query, [tx.org_id])


async def get_connection(tx: Tx, cluster_id: UUID) -> Connection | None:
    """How to connect to a cluster that is not removed."""
    query = """
        select c.server, c.credentials_version, k.sealed
        from clusters c join cluster_credentials k on (k.org_id, k.cluster_id) = (c.org_id, c.id)
        where c.org_id = %s and c.id = %s and c.deleted_at is null
    """
    return await tx.one(Connection, query, [tx.org_id, cluster_id])


async def insert(tx: Tx, values: Mapping[str, Any]) -> UUID:
    """A new cluster. Raises Duplicate if its name is taken."""
    created: UUID = await tx.value(
        """
        insert into clusters (org_id, name, labels, region, provider, region_given, provider_given, server, version,
                              identity, health, probe_health, probed_at, answered_at, created_by)
        values (%(org_id)s, %(name)s, %(labels)s, %(region)s, %(provider)s, %(region_given)s, %(provider_given)s,
                %(server)s, %(version)s, %(identity)s, 'healthy', 'healthy', now(), now(), %(created_by)s)
        returning id
        """,
        {**values, "org_id": tx.org_id},
    )
    return created


async def upsert_credentials(
    tx: Tx, cluster_id: UUID, sealed: bytes, *, kind: str, expires_at: datetime | None
) -> None:
    """Keep the sealed credentials of a cluster in place of those before."""
    await tx.execute(
        """
        insert into cluster_credentials (org_id, cluster_id, sealed, kind, expires_at)
        values (%(org_id)s, %(id)s, %(sealed)s, %(kind)s, %(expires_at)s)
        on conflict (org_id, cluster_id) do update
        set sealed = excluded.sealed, kind = excluded.kind, expires_at = excluded.expires_at, changed_at = now()
        """,
        {"org_id": tx.org_id, "id": cluster_id, "sealed": sealed, "kind": kind, "expires_at": expires_at},
    )


async def update_server(tx: Tx, cluster_id: UUID, server: str, version: str) -> None:
    """New credentials were checked: the cluster answers at this address."""
    await tx.execute(
        """
        update clusters set server = %(server)s, version = %(version)s, credentials_version = credentials_version + 1,
               probe_health = 'healthy', probe_reason = '', health = 'healthy', health_reason = '', stream_trouble = '',
               health_since = case when health = 'healthy' then health_since else now() end,
               probed_at = now(), answered_at = now()
        where org_id = %(org_id)s and id = %(id)s and deleted_at is null
        """,
        {"org_id": tx.org_id, "id": cluster_id, "server": server, "version": version},
    )


async def update(tx: Tx, cluster_id: UUID, changes: Mapping[str, Any]) -> bool:
    """Set some columns: name, labels, region, region_given and so on. Raises Duplicate for a taken name."""
    sets = sql.SQL(", ").join(sql.SQL("{} = {}").format(sql.Identifier(c), sql.Placeholder(c)) for c in changes)
    query = sql.SQL("update clusters set {} where org_id = %(org_id)s and id = %(id)s and deleted_at is null")
    return await tx.execute(query.format(sets), {**changes, "org_id": tx.org_id, "id": cluster_id}) == 1


async def get_vital(tx: Tx, cluster_id: UUID) -> Vital | None:
    """How a cluster fares, locked until the transaction ends.

    But not its key, which the writer holds for as long as it writes objects of it: nobody waits here for a batch.
    """
    query = """
        select probe_health, probe_reason, stream_trouble, health, health_reason, version
        from clusters where org_id = %s and id = %s and deleted_at is null for no key update
    """
    return await tx.one(Vital, query, [tx.org_id, cluster_id])


async def get_well_ago(tx: Tx, cluster_id: UUID) -> float | None:
    """Seconds since a cluster was last found well by a probe; None if the last one found something else."""
    query = """
        select extract(epoch from now() - answered_at)::float from clusters
        where org_id = %s and id = %s and deleted_at is null and probe_health = 'healthy'"""
    found: float | None = await tx.value(query, [tx.org_id, cluster_id])
    return found


async def update_vital(tx: Tx, cluster_id: UUID, vital: Vital) -> None:
    """Keep how a cluster fares."""
    await tx.execute(
        """
        update clusters
        set probe_health = %(probe_health)s, probe_reason = %(probe_reason)s, stream_trouble = %(stream_trouble)s,
            health_since = case when health = %(health)s then health_since else now() end,
            health = %(health)s, health_reason = %(health_reason)s, version = %(version)s
        where org_id = %(org_id)s and id = %(id)s
        """,
        {**msgspec.structs.asdict(vital), "org_id": tx.org_id, "id": cluster_id},
    )


async def update_restored(tx: Tx, cluster_id: UUID) -> int:
    """Keep that a cluster was put back to an older state just now: once, though each of its kinds notices."""
    query = """
        update clusters set restored_at = now() where org_id = %s and id = %s and deleted_at is null
          and (restored_at is null or restored_at < now() - interval '10 minutes')"""
    return await tx.execute(query, [tx.org_id, cluster_id])


async def update_probed(tx: Tx, cluster_id: UUID, *, answered: bool, latency_ms: int | None = None) -> None:
    """Keep that a cluster was asked just now, whether it answered, and how fast."""
    query = """
        update clusters
        set probed_at = now(), latency_ms = %(latency)s,
            answered_at = case when %(answered)s then now() else answered_at end
        where org_id = %(org)s and id = %(id)s and deleted_at is null"""
    values = {"latency": latency_ms if answered else None, "answered": answered, "org": tx.org_id, "id": cluster_id}
    await tx.execute(query, values)


class Well(msgspec.Struct, frozen=True):
    """A cluster of this version that answered a probe at `at` (seconds of some clock), as fast as `latency_ms`."""

    cluster_id: UUID
    version: str
    latency_ms: int | None
    at: float


async def update_well(tx: Tx, answers: Sequence[Well], now: float) -> None:
    """Keep that clusters answered which were found well before, and how fast; `now` is by the clock of the answers.

    Of one that something else was found of meanwhile, or is being kept just now, the next probe tells.
    """
    query = """
        with still as (
            select c.id, now() - w.since as at, w.latency
            from unnest(%s::uuid[], %s::text[], %s::int[], %s::interval[]) as w (id, version, latency, since)
            join clusters c on c.org_id = %s and c.id = w.id and c.deleted_at is null
            where c.probe_health = 'healthy' and c.version = w.version
            for no key update of c skip locked
        )
        update clusters c set probed_at = still.at, answered_at = still.at, latency_ms = still.latency
        from still where c.org_id = %s and c.id = still.id"""
    since = [timedelta(seconds=now - each.at) for each in answers]
    columns = [[each.cluster_id for each in answers], [each.version for each in answers]]
    await tx.execute(query, [*columns, [each.latency_ms for each in answers], since, tx.org_id, tx.org_id])


async def update_place(tx: Tx, cluster_id: UUID, place: Place) -> bool:
    """Keep where the nodes say they are, unless a person has said it; whether anything has changed."""
    touched = await tx.execute(
        """
        update clusters c
        set region = case when region_given or %(region)s = '' then region else %(region)s end,
            provider = case when provider_given or %(provider)s = '' then provider else %(provider)s end
        where org_id = %(org_id)s and id = %(id)s and deleted_at is null
          and ((not region_given and %(region)s not in ('', region))
               or (not provider_given and %(provider)s not in ('', provider)))
        """,
        {"org_id": tx.org_id, "id": cluster_id, "region": place.region, "provider": place.provider},
    )
    return touched == 1


def _where(tx: Tx, scope: Scope, wanted: Wanted) -> tuple[sql.Composable, dict[str, Any]]:
    """The conditions of a list, and their values."""
    parts: list[str] = ["c.deleted_at is not null" if wanted.removed else "c.deleted_at is null"]
    values: dict[str, Any] = {"org_id": tx.org_id}
    if not any(reach.clusters is None for reach in scope.reaches):
        parts.append("c.id = any(%(sight)s)")
        values["sight"] = [cluster for reach in scope.reaches for cluster in reach.clusters or ()]
    if wanted.text:
        parts.append("(strpos(lower(c.name), lower(%(text)s)) > 0 or strpos(lower(c.server), lower(%(text)s)) > 0)")
        values["text"] = wanted.text
    if exact := {key: value for key, value in wanted.labels if value is not None}:
        parts.append("c.labels @> %(exact)s")
        values["exact"] = exact
    if present := [key for key, value in wanted.labels if value is None]:
        parts.append("c.labels ?& %(present)s")
        values["present"] = present
    if wanted.health:
        parts.append("c.health = any(%(health)s)")
        values["health"] = list(wanted.health)
    for trait in ("region", "provider"):
        if chosen := getattr(wanted, trait):
            parts.append(f"c.{trait} = any(%({trait})s)")
            values[trait] = list(chosen)
    if wanted.version:
        parts.append(f"{_MINOR} = any(%(version)s)")
        values["version"] = ["" if version == "unknown" else version for version in wanted.version]
    return sql.SQL(" and ").join(sql.SQL(part) for part in ["c.org_id = %(org_id)s", *parts]), values
