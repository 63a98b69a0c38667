"""The usual design: each row as one JSON document in one jsonb table, with an index for each expression that is asked.

Served by the least HTTP there is (`python -m bench.query.documents URL PORT`): one statement, its text as the answer.
It knows no organizations, no rights, no age of its rows, no pages after the first and no ties: all of that is for free.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Any
from urllib.parse import parse_qs

import psycopg
import psycopg_pool
import uvicorn
import uvloop
from psycopg import sql

COUNTED_TO = 10_000  # as the hub counts what no rollup knows
CHUNK = 1000
TEXTS = ("name", "namespace", "cluster", "status", "health", "created_at")
CELLS = ("ready", "node", "ip", "qos", "images")
NUMBERS = ("restarts", "cpu", "memory")
_FILL = """
    insert into documents (body)
    select jsonb_build_object('cluster', c.name, 'resource', o.resource, 'namespace', o.namespace, 'name', o.name,
        'uid', o.uid, 'created_at', o.created_at, 'status', o.status, 'health', o.health, 'labels', o.labels,
        'cells', o.cells, 'resource_version', o.resource_version)
    from objects o join clusters c on (c.org_id, c.id) = (o.org_id, o.cluster_id) where o.resource = 'pods'"""

Send = Callable[[Mapping[str, Any]], Awaitable[None]]


def fill(superuser_url: str) -> None:
    """Copy the pods into documents, unless they are there."""
    with psycopg.connect(superuser_url, autocommit=True) as connection:
        found = connection.execute("select to_regclass('documents')").fetchone()
        if found and found[0]:
            return
        with connection.transaction():
            connection.execute(
                "create table documents (id bigint generated always as identity primary key, body jsonb)"
            )
            connection.execute(_FILL)
            for column in (*TEXTS, *CELLS, *NUMBERS):
                connection.execute(sql.SQL("create index on documents (({}))").format(_expression(column)))
            connection.execute("create index on documents using gin ((body -> 'labels') jsonb_path_ops)")
            connection.execute("create index on documents using gin ((body ->> 'name') gin_trgm_ops)")
            connection.execute("grant select on documents to basefly_app")
        connection.execute("vacuum analyze documents")


def size(superuser_url: str) -> tuple[float, float]:
    """Bytes a pod, indexes included: of the hub's table, and of the documents."""
    query = """
        select pg_total_relation_size('objects_pods')::float / n, pg_total_relation_size('documents')::float / n
        from (select count(*) as n from documents) d"""
    with psycopg.connect(superuser_url) as connection:
        found = connection.execute(query).fetchone()
    assert found, "a count has a row"
    return found[0], found[1]


def _expression(column: str) -> sql.Composable:
    if column in TEXTS:
        return sql.SQL("body ->> {}").format(sql.Literal(column))
    form = "(body -> 'cells' ->> {})::numeric" if column in NUMBERS else "body -> 'cells' ->> {}"
    return sql.SQL(form).format(sql.Literal(column))


def _where(asked: Mapping[str, list[str]]) -> tuple[sql.Composed, list[Any]]:
    parts, values = [sql.SQL("true")], list[Any]()
    for column in ("namespace", "status", "health", "cluster"):
        if wanted := asked.get(column):
            one = len(wanted) == 1
            parts.append(sql.SQL(f"body ->> '{column}' {'= %s' if one else '= any (%s)'}"))  # of four constants
            values.append(wanted[0] if one else wanted)
    for word in asked.get("q", []):
        parts.append(sql.SQL("body ->> 'name' ilike %s"))
        values.append(f"%{word}%")
    for label in asked.get("labels", []):
        key, _, value = label.partition("=")
        parts.append(sql.SQL("body -> 'labels' @> jsonb_build_object(%s::text, %s::text)"))
        values += [key, value]
    return sql.SQL(" and ").join(parts), values


def _page(asked: Mapping[str, list[str]]) -> tuple[sql.Composed, list[Any]]:
    where, values = _where(asked)
    sort = asked.get("sort", ["name"])[0]
    order = sql.SQL("{}{}").format(_expression(sort.removeprefix("-")), sql.SQL(" desc" if sort[0] == "-" else ""))
    statement = sql.SQL("""
        select json_build_object('items', (select coalesce(json_agg(body), '[]') from (
            select body from documents where {where} order by {order} limit {limit}) page),
            'total', (select count(*) from (select from documents where {where} limit {to}) counted))::text""")
    limit = sql.Literal(int(asked.get("limit", ["100"])[0]))
    return statement.format(where=where, order=order, limit=limit, to=sql.Literal(COUNTED_TO)), [*values, *values]


def _facets(asked: Mapping[str, list[str]]) -> tuple[sql.Composed, list[Any]]:
    where, values = _where(asked)
    columns = sql.SQL(", ").join(sql.SQL("(body ->> {})").format(sql.Literal(name)) for name in TEXTS[1:5])
    statement = sql.SQL("""
        select coalesce(json_agg(found), '[]')::text
        from (select {columns}, count(*) from documents where {where} group by grouping sets ({columns})) found""")
    return statement.format(where=where, columns=columns), values


async def _export(pool: psycopg_pool.AsyncConnectionPool, asked: Mapping[str, list[str]]) -> AsyncIterator[bytes]:
    where, values = _where(asked)
    query = sql.SQL("select body::text from documents where {} order by body ->> 'name'").format(where)
    async with pool.connection() as connection, connection.transaction(), connection.cursor("export") as cursor:
        await cursor.execute(query, values)
        while rows := await cursor.fetchmany(CHUNK):
            yield ("\n".join(row[0] for row in rows) + "\n").encode()


class Application:
    """The least of an ASGI application."""

    def __init__(self, pool: psycopg_pool.AsyncConnectionPool) -> None:
        self._pool = pool

    async def __call__(self, scope: Mapping[str, Any], _receive: Any, send: Send) -> None:
        asked = parse_qs(scope["query_string"].decode())
        headers = [(b"content-type", b"application/json")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        if scope["path"].endswith("/export"):
            async for chunk in _export(self._pool, asked):
                await send({"type": "http.response.body", "body": chunk, "more_body": True})
            await send({"type": "http.response.body", "body": b""})
            return
        query, values = _facets(asked) if scope["path"].endswith("/facets") else _page(asked)
        async with self._pool.connection() as connection:
            row = await (await connection.execute(query, values)).fetchone()
        await send({"type": "http.response.body", "body": row[0].encode() if row else b""})


async def _serve(url: str, port: int) -> None:
    async with psycopg_pool.AsyncConnectionPool(url, min_size=10, max_size=10, kwargs={"autocommit": True}) as pool:
        config = uvicorn.Config(
            Application(pool),
            port=port,
            lifespan="off",
            log_level="warning",
            access_log=False,
        )
        await uvicorn.Server(config).serve()


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(sys.argv[1], int(sys.argv[2])))
