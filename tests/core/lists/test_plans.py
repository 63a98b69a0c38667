"""The common lists are answered by walking an index: no plan reads or sorts a whole table of 100,000 pods."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import UUID

import psycopg
import pytest

from basefly.base.db import embedded
from basefly.base.db.pool import Database
from basefly.base.db.transaction import Tx
from basefly.base.kube import selectors
from basefly.base.principal import Reach, Scope
from basefly.core.inventory.model import Match, ObjectQuery, Sort
from basefly.core.inventory.store import objects

ROWS = 100_000
_FILL = """
    insert into objects (org_id, cluster_id, resource, uid, namespace, name, resource_version, created_at, status,
                         health, owner_uid, labels, cells, digest)
    select %(org)s, %(cluster)s, 'pods', 'u-' || i, 'ns-' || i %% 200, md5(i::text) || '-' || i, '1',
           now() - make_interval(secs => i), case when i %% 500 = 0 then 'CrashLoopBackOff' else 'Running' end,
           case when i %% 500 = 0 then 'bad' else 'ok' end, '',
           jsonb_build_object('app', 'app-' || i %% 300), jsonb_build_object('restarts', i %% 7), i
    from generate_series(1, %(each)s) i"""


@pytest.fixture
async def filled(db: Database, org: UUID) -> None:
    """Ten clusters with 10,000 pods each."""
    async with db.transaction(org) as tx:
        query = "insert into clusters (org_id, name) select %s, 'c-' || i from generate_series(1, 10) i returning id"
        for cluster in await tx.all(UUID, query, [org]):
            await tx.execute(_FILL, {"org": org, "cluster": cluster, "each": ROWS // 10})


class Explained(Tx):
    """Keeps the plan of what is read."""

    plans: list[str]

    async def one(self, into: Any, sql: Any, params: Any = None) -> Any:
        return next(iter(await self.all(into, sql, params)), None)

    async def all(self, into: Any, sql: Any, params: Any = None) -> Any:
        text = sql if isinstance(sql, str) else sql.as_string(self.connection)
        async with self.connection.cursor() as cursor:
            await cursor.execute(f"explain (analyze, costs off, timing off) {text}", params)
            self.plans.append("\n".join(str(row[0]) for row in await cursor.fetchall()))
        return await super().all(into, sql, params)


def walked(plan: str) -> int:
    """The most rows that one step of the plan brought."""
    return max(int(float(part.split()[0])) for part in plan.split("rows=")[1:])


ASKED: list[dict[str, Any]] = [
    {},
    {"sort": Sort("created_at", True)},
    {"sort": Sort("created_at", False)},
    {"sort": Sort("status", False)},
    {"sort": Sort("namespace", False)},
    {"statuses": ("CrashLoopBackOff",)},
    {"namespaces": ("ns-7",)},
    {"selector": selectors.parse("app=app-17")},
    {"matches": (Match("label", ("app=app-17",)),)},
    {"matches": (Match("name", ("a1b2c",)),)},
    {"matches": (Match("name", ("a1b2c", "c2b1a")),)},
    {"matches": (Match("status", ("CrashLoopBackOff",)), Match("namespace", ("ns-0",)))},
]


@pytest.mark.usefixtures("filled")
async def test_no_list_reads_or_sorts_everything(db: Database, urls: Any, org: UUID) -> None:
    await asyncio.to_thread(embedded.trust, urls.superuser)
    async with await psycopg.AsyncConnection.connect(urls.superuser, autocommit=True) as connection:
        await connection.execute("vacuum analyze objects, objects_pods")
    plans = {str(asked): await explained(db, org, asked) for asked in ASKED}
    reading = [f"{asked}\n{plan}" for asked, plan in plans.items() if "Seq Scan on objects" in plan]
    assert not reading, "\n".join(reading)
    long = [f"{asked}\n{plan}" for asked, plan in plans.items() if walked(plan) >= ROWS / 10]
    assert not long, "\n".join(long)


async def explained(db: Database, org: UUID, asked: dict[str, Any]) -> str:
    """The plans of a page of a list; which has objects, unless a name is asked for that none has."""
    async with db.transaction(org) as tx:
        watched = Explained(tx.connection, tx.org_id, {})
        watched.plans = []
        query = ObjectQuery(resource="pods", clusters=None, **asked)
        page, _, _ = await objects.find_objects(watched, Scope(org, (Reach(None, None),)), query)
    assert page.rows or "a1b2c" in str(asked)
    return "\n".join(watched.plans)
