"""The common lists are answered by walking an index: no plan reads or sorts a whole table of 100,000 pods."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import UUID

import msgspec
import psycopg
import pytest

from basefly.base.db import embedded
from basefly.base.db.pool import Database
from basefly.base.db.transaction import Tx
from basefly.base.kube import selectors
from basefly.base.principal import Reach, Scope
from basefly.core.inventory.model import Match, ObjectQuery, Sort, sort, sortable
from basefly.core.inventory.store import objects, walk
from basefly.core.sync import kinds

ROWS = 100_000
_FILL = """
    insert into objects (org_id, cluster_id, resource, uid, namespace, name, resource_version, created_at, status,
                         health, owner_uid, labels, cells, digest)
    select %(org)s, %(cluster)s, 'pods', 'u-' || i, 'ns-' || i %% 200, md5(i::text) || '-' || i, '1',
           now() - make_interval(secs => i), case when i %% 500 = 0 then 'CrashLoopBackOff' else 'Running' end,
           case when i %% 500 = 0 then 'bad' else 'ok' end, '',
           jsonb_build_object('app', 'app-' || i %% 300), jsonb_build_object(
               'restarts', i %% 7, 'ready', i %% 3 || '/2', 'node', 'node-' || i %% 900, 'ip', '10.0.0.' || i,
               'cpu', (i %% 40) / 40.0, 'memory', (i %% 64) * 1048576, 'qos', 'qos-' || i %% 3,
               'images', jsonb_build_array('registry.example/app-' || i %% 120)), i
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

    async def _executed(self, rows: Any, query: Any, params: Any) -> Any:
        text = query if isinstance(query, str) else query.as_string(self.connection)
        async with self.connection.cursor() as cursor:
            await cursor.execute(f"explain (analyze, costs off, timing off) {text}", params)
            self.plans.append("\n".join(str(row[0]) for row in await cursor.fetchall()))
        return await super()._executed(rows, query, params)


def walked(plan: str) -> int:
    """The most rows that one step of the plan brought."""
    return max(int(float(part.split()[0])) for part in plan.split("rows=")[1:])


PODS = kinds.by_resource("pods", "Pod")
EVERY = [sort(PODS, f"{way}{column}") for column in sortable(PODS) for way in ("", "-")]
ASKED: list[dict[str, Any]] = [
    {},
    {"sort": Sort("created_at", True)},
    {"sort": Sort("created_at", False)},
    {"sort": Sort("status", False)},
    {"sort": Sort("namespace", False)},
    *({"sort": each} for each in EVERY),
    *({"sort": each, "cursor": "next"} for each in EVERY),
    {"sort": Sort("restarts", True), "namespaces": ("ns-7",)},
    {"healths": ("bad",)},
    {"healths": ("warn",)},
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
    await settled(urls.superuser)
    plans = {str(asked): await explained(db, org, asked) for asked in ASKED}
    assert not reading(plans)
    assert not long(plans)


@pytest.mark.usefixtures("filled")
async def test_without_its_index_a_list_is_found_out(db: Database, urls: Any, org: UUID) -> None:
    """The test above can fail: each order that has an index of its own reads everything once that is gone."""
    async with await psycopg.AsyncConnection.connect(urls.superuser, autocommit=True) as connection:
        await connection.execute(
            "drop index pods_by_restarts, pods_by_ready, pods_by_node, pods_by_ip, pods_by_cpu, pods_by_memory"
            ", pods_by_qos, pods_by_images, pods_by_health"
        )
    await settled(urls.superuser)
    own = {each.column for each in EVERY} & walk.KEYED["pods"]
    for column in sorted(own):
        plans = {column: await explained(db, org, {"sort": sort(PODS, column)})}
        assert reading(plans) or long(plans), column


async def settled(url: str) -> None:
    """As the database is some minutes after it was filled."""
    await asyncio.to_thread(embedded.trust, url)
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
        await connection.execute("vacuum analyze objects, objects_pods")


def reading(plans: dict[str, str]) -> str:
    """The plans that read a whole table of objects."""
    return "\n".join(f"{asked}\n{plan}" for asked, plan in plans.items() if "Seq Scan on objects" in plan)


def long(plans: dict[str, str]) -> str:
    """The plans of which a step brings a tenth of all rows."""
    return "\n".join(f"{asked}\n{plan}" for asked, plan in plans.items() if walked(plan) >= ROWS / 10)


async def explained(db: Database, org: UUID, asked: dict[str, Any]) -> str:
    """The plans of a page of a list, or of the one after it; "" as a cursor is the first page.

    There are objects, unless what none has is asked for.
    """
    scope = Scope(org, (Reach(None, None),))
    async with db.transaction(org) as tx:
        watched = Explained(tx.connection, tx.org_id, {})
        watched.plans = []
        query = ObjectQuery(resource="pods", clusters=None, **{**asked, "cursor": ""})
        if asked.get("cursor"):
            page, _, _ = await objects.find_objects(tx, scope, query)
            assert page.next
            query = msgspec.structs.replace(query, cursor=page.next)
        page, _, _ = await objects.find_objects(watched, scope, query)
    assert page.rows or "a1b2c" in str(asked) or "warn" in str(asked)
    return "\n".join(watched.plans)
