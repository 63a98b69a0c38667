"""Reading the uses of images, which the database counts as rows come and go."""

from __future__ import annotations

from basefly.base.db import paging, sql
from basefly.base.db.transaction import Tx
from basefly.base.principal import Scope
from basefly.core.inventory.store.filters import Where, escape_like
from basefly.features.images.model import ImageQuery, Repository, Use

USES = 500

_HOST = r"^([^/]*[.:][^/]*|localhost)/"


def _matching(scope: Scope, query: ImageQuery) -> Where:
    where = Where(scope, rows="kinds")
    where.add("o.cluster_id = any (%s)", list(query.clusters))
    if query.namespaces:
        where.add("o.namespace = any (%s)", list(query.namespaces))
    if query.text:
        where.add("o.image ilike %s", f"%{escape_like(query.text)}%")
    if query.registry == "docker.io":
        where.add("(o.repository !~ %s or starts_with(o.repository, 'docker.io/'))", _HOST)
    elif query.registry:
        where.add("starts_with(o.repository, %s)", f"{query.registry}/")
    if query.only == "latest":
        where.add("o.floating")
    return where


def _repositories(clause: sql.Composable) -> sql.Composed:
    """The first so many repositories by name; takes the clause's values twice, and the limit.

    Each is found behind the one before it, for the index holds hundreds of uses of each and knows no way to leave them
    out by itself (wiki.postgresql.org/wiki/Loose_indexscan).
    """
    return sql.SQL("""
        with recursive found (repository) as (
            (select o.repository from image_uses o where {clause} order by 1 limit 1)
            union all
            select (select o.repository from image_uses o where {clause} and o.repository > f.repository
                    order by 1 limit 1)
            from found f where f.repository is not null
        ) select repository from found where repository is not null limit %s""").format(clause=clause)


async def page_repositories(tx: Tx, scope: Scope, query: ImageQuery) -> tuple[list[Repository], str | None]:
    """One page of repositories by name, and the cursor of the next."""
    where = _matching(scope, query)
    if query.only == "drift":
        inner = _matching(scope, query)
        where.parts.append(
            sql.SQL(
                "o.repository in (select o.repository from image_uses o where {} and o.digest <> ''"
                " group by o.repository, o.tag having min(o.digest) <> max(o.digest))"
            ).format(inner.clause)
        )
        where.values.extend(inner.values)
    if query.cursor:
        where.add("o.repository > %s", *paging.decode(query.cursor, 1))
    statement = sql.SQL(
        """
        with page as materialized ({page}), uses as materialized (
            select o.repository, o.tag, o.digest, o.cluster_id, o.namespace, o.resource, o.count, o.floating
            from page p join image_uses o on o.repository = p.repository where {where}
        ), spaces as (
            select repository, cluster_id, namespace, sum(count) filter (where resource = 'pods') as pods,
                   sum(count) filter (where resource <> 'pods') as workloads
            from uses group by 1, 2, 3
        ), places as (
            select repository, cluster_id, count(*) as namespaces, sum(pods) as pods, sum(workloads) as workloads
            from spaces group by 1, 2
        ), whole as (
            select repository, count(*) as clusters, sum(namespaces)::bigint as namespaces,
                   coalesce(sum(pods), 0)::bigint as pods, coalesce(sum(workloads), 0)::bigint as workloads
            from places group by 1
        ), made as (
            select repository, tag, digest, bool_or(floating) as floating from uses group by 1, 2, 3
        ), tags as (
            select repository, count(*) as tags, count(*) filter (where digests > 1) as drifting,
                   bool_or(floating) as floating
            from (select repository, tag, count(*) filter (where digest <> '') as digests,
                         bool_or(floating) as floating from made group by 1, 2) t group by 1
        ), digests as (
            select repository, count(distinct digest) filter (where digest <> '') as digests from made group by 1
        )
        select w.*, d.digests, t.tags, t.drifting, t.floating
        from whole w join tags t using (repository) join digests d using (repository) order by w.repository"""
    ).format(page=_repositories(where.clause), where=where.clause)
    found = await tx.all(Repository, statement, [*where.values, *where.values, query.limit + 1, *where.values])
    if len(found) <= query.limit:
        return found, None
    return found[: query.limit], paging.encode([found[query.limit - 1].repository])


async def get_uses(tx: Tx, scope: Scope, query: ImageQuery, repository: str) -> list[Use]:
    """Where one repository runs, by tag and digest; at most 500 places."""
    where = _matching(scope, query)
    where.add("o.repository = %s", repository)
    statement = sql.SQL(
        """
        select o.cluster_id, c.name as cluster, o.namespace, o.tag, o.digest, min(o.image) as image,
               coalesce(sum(o.count) filter (where o.resource = 'pods'), 0)::bigint as pods,
               coalesce(sum(o.count) filter (where o.resource <> 'pods'), 0)::bigint as workloads
        from image_uses o join clusters c on (c.org_id, c.id) = (o.org_id, o.cluster_id) where {}
        group by 1, 2, 3, 4, 5 order by o.tag desc, o.digest desc, c.name, o.namespace limit %s"""
    ).format(where.clause)
    return await tx.all(Use, statement, [*where.values, USES])


async def get_registries(tx: Tx, scope: Scope, query: ImageQuery) -> list[str]:
    """The hosts that images in sight come from."""
    where = Where(scope, rows="kinds")
    where.add("o.cluster_id = any (%s)", list(query.clusters))
    statement = sql.SQL(
        "select distinct coalesce(substring(repository from %s), 'docker.io') from ({}) r order by 1"
    ).format(_repositories(where.clause))
    return await tx.all(str, statement, [_HOST, *where.values, *where.values, None])
