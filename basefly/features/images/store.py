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
    where = Where(scope)
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
        where.add("(o.tag = 'latest' or o.tag = '' and o.image !~ '@')")
    return where


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
        with page as materialized (
            select o.repository from image_uses o where {where} group by 1 order by 1 limit %s
        ), tags as (
            select o.repository, o.tag, count(distinct o.digest) filter (where o.digest <> '') as digests,
                   bool_or(o.tag = 'latest' or o.tag = '' and o.image !~ '@') as floating
            from image_uses o where {where} and o.repository in (select p.repository from page p) group by 1, 2
        ), whole as (
            select o.repository, count(distinct o.digest) filter (where o.digest <> '') as digests,
                   count(distinct o.cluster_id) as clusters, count(distinct (o.cluster_id, o.namespace)) as namespaces,
                   coalesce(sum(o.count) filter (where o.resource = 'pods'), 0)::bigint as pods,
                   coalesce(sum(o.count) filter (where o.resource <> 'pods'), 0)::bigint as workloads
            from image_uses o where {where} and o.repository in (select p.repository from page p) group by 1
        )
        select w.*, t.tags, t.drifting, t.floating from whole w cross join lateral (
            select count(*) as tags, count(*) filter (where t.digests > 1) as drifting,
                   coalesce(bool_or(t.floating), false) as floating
            from tags t where t.repository = w.repository
        ) t order by w.repository"""
    ).format(where=where.clause)
    found = await tx.all(Repository, statement, [*where.values, query.limit + 1, *where.values, *where.values])
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
    where = Where(scope)
    where.add("o.cluster_id = any (%s)", list(query.clusters))
    statement = sql.SQL(
        "select distinct coalesce(substring(o.repository from %s), 'docker.io') from image_uses o where {} order by 1"
    ).format(where.clause)
    return await tx.all(str, statement, [_HOST, *where.values])
