"""What is slow in the database is told with its plan, and without any value."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import UUID

import pytest
import structlog

from basefly.base.db.pool import Database
from basefly.base.db.pooling import slow
from basefly.base.db.pooling.slow import drawn, without_values
from basefly.base.errors import Unavailable
from basefly.base.telemetry import trace
from basefly.core.clusters import store as clusters
from tests.people import Hub


@pytest.fixture
async def watched(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A database of which every statement counts as slow."""
    monkeypatch.setattr(slow, "PATIENCE", 60.0)
    db = await Database.open(database_url, max_size=2, slow=0.000001)
    yield db
    await db.close()


async def told(db: Database, events: list[Any], event: str) -> list[Any]:
    """What was told so far, plans included."""
    if db._watch and db._watch._explaining:
        await asyncio.wait([db._watch._explaining])
    return [each for each in events if each["event"] == event]


async def test_a_slow_statement_is_told_with_its_request_and_its_plan(watched: Database, org: UUID) -> None:
    asked = trace.received(request_id="the-request-that-asked")
    with structlog.testing.capture_logs([structlog.contextvars.merge_contextvars]) as events, trace.entered(asked):
        async with watched.transaction(org) as tx:
            await tx.all(dict, "select name from clusters where org_id = %s and name = %s", [org, "my-secret"])
        told_of = await told(watched, events, "a statement was slow")
        planned = await told(watched, events, "how a slow statement is planned")
    assert told_of[0]["statement"] == "select name from clusters where org_id = %s and name = %s"
    assert told_of[0]["milliseconds"] >= 0
    assert {each["request_id"] for each in (*told_of, *planned)} == {"the-request-that-asked"}
    assert any("on clusters" in line for line in planned[0]["plan"])
    assert any("Index Cond" in line or "Filter" in line for line in planned[0]["plan"])
    assert "my-secret" not in str(events)
    assert str(org) not in str(events)


async def test_a_statement_is_explained_once_in_a_while(watched: Database, org: UUID) -> None:
    with structlog.testing.capture_logs() as events:
        for _ in range(3):
            async with watched.transaction(org) as tx:
                await clusters.get_states(tx)
            await told(watched, events, "")
        told_of = await told(watched, events, "a statement was slow")
        planned = await told(watched, events, "how a slow statement is planned")
    assert len(told_of) > len(planned) == len({each["statement"] for each in planned})


async def test_explaining_runs_nothing(watched: Database, org: UUID) -> None:
    with structlog.testing.capture_logs() as events:
        async with watched.transaction(org) as tx:
            await tx.execute("insert into clusters (org_id, name) values (%s, 'one')", [org])
        planned = await told(watched, events, "how a slow statement is planned")
    assert "ModifyTable" in planned[0]["plan"][0]
    async with watched.transaction(org) as tx:
        assert await tx.value("select count(*) from clusters") == 1


async def test_one_that_failed_for_it_is_told_too(database_url: str) -> None:
    db = await Database.open(database_url, max_size=1, slow=0.2)
    with structlog.testing.capture_logs() as events:
        async with db.transaction() as tx:
            await tx.execute("set local statement_timeout = 300")
            with pytest.raises(Unavailable):
                await tx.value("select pg_sleep(10)")
    await db.close()
    assert [each["statement"] for each in events if each["event"] == "a statement was slow"] == ["select pg_sleep(?)"]


async def test_quick_ones_are_not_told(db: Database, database_url: str) -> None:
    other = await Database.open(database_url, max_size=1, slow=20.0)
    with structlog.testing.capture_logs() as events:
        for each in (db, other):
            async with each.transaction() as tx:
                await tx.value("select 1")
    await other.close()
    assert events == []


async def test_they_are_counted(hub: Hub, watched: Database) -> None:
    async with watched.transaction() as tx:
        await tx.value("select 1")
    counted = [line for line in (await hub.metrics()).splitlines() if line.startswith("basefly_database_slow_queries")]
    assert any(float(line.split()[-1]) >= 1 for line in counted if "_total" in line)


@pytest.mark.parametrize(
    ("text", "bare"),
    [
        ("select 'it''s' from t where a = 'b' and c = -1.5", "select ? from t where a = ? and c = ?"),
        ("select $$text$$, $q$it's$q$, E'a\\'b'", "select ?, ?, ?"),
        ('select o.c1, "2nd" from t1 where x = $1 and y = %s and z = %(n2)s\n limit 100',
         'select o.c1, "2nd" from t1 where x = $1 and y = %s and z = %(n2)s limit ?'),
        ("(name ~~* '%secret%'::text)", "(name ~~* ?::text)"),
        ("(n = ANY ('{1,2}'::int[])) AND (b > 12)", "(n = ANY (?::int[])) AND (b > ?)"),
    ],
)  # fmt: skip
def test_no_value_is_left(text: str, bare: str) -> None:
    assert without_values(text) == bare


def test_a_plan_is_drawn_step_by_step() -> None:
    scan: dict[str, Any] = {
        "Node Type": "Index Scan",
        "Relation Name": "objects_pods",
        "Index Name": "by_name",
        "Plan Rows": 9,
    }
    scan |= {"Total Cost": 2, "Filter": "a = 'b'"}
    plan = {"Node Type": "Limit", "Plan Rows": 1, "Total Cost": 2.5, "Plans": [scan]}
    assert list(drawn(plan)) == [
        "Limit (rows=1 cost=2.5)",
        "  Index Scan on objects_pods by by_name (rows=9 cost=2)",
        "    Filter: a = ?",
    ]
