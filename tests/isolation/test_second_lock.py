"""The second lock, with the first one taken out: each query without its organization's filter, one by one.

The queries are those that the running application really sends, with what it really sends along: every route is asked
by Acme's own owner, while every controller runs and follows a cluster. Then each is mutated and run, as the
application's role, in a stranger's transaction. The same mutants run as a superuser, whom row-level security does not
hold, show that they would have told.
"""

from __future__ import annotations

import re
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import psycopg
import pytest
from psycopg import sql

from basefly.app import SLICES, routed
from basefly.base.db.transaction import Tx, prepare
from basefly.base.runtime.controllers import supervise
from basefly.base.slice import controllers
from basefly.sim import Cluster
from tests.conftest import Urls
from tests.core.sync.conftest import eventually, running
from tests.core.sync.test_cluster import pod
from tests.isolation.asking import forgive, with_session
from tests.isolation.routes import fill, routes
from tests.isolation.world import World, build, own_word, word
from tests.people import Hub, Person, join
from tests.sim.fixtures import cluster, fleet

__all__ = ["cluster", "fleet"]
# `o.org_id = %s`, `org_id = %(org)s`, also turned round. What it is compared with stays, so that no parameter is lost.
FILTER = re.compile(r"(?<![\w.])(?:\w+\.)?org_id\s*=\s*(%s|%\(\w+\)s)(?!\w)")
Asked = tuple[str, Any]


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Every query that any transaction sends from now on, with what it sends along first."""
    seen: dict[str, Any] = {}
    plain = Tx._executed

    def note(tx: Tx, query: Any, params: Any) -> None:
        text = query.as_string(tx.connection) if isinstance(query, sql.Composable) else str(query)
        if tx.org_id is not None:
            seen.setdefault(text, params)

    async def executed(self: Tx, rows: Any, query: Any, params: Any) -> Any:
        note(self, query, params)
        return await plain(self, rows, query, params)

    monkeypatch.setattr(Tx, "_executed", executed)
    return seen


def mutants(query: str) -> list[str]:
    """The query without each of its filters, and without all of them."""
    found = list(FILTER.finditer(query))
    single = [query[: each.start()] + f"({each[1]}::uuid is not null)" + query[each.end() :] for each in found]
    every = FILTER.sub(lambda each: f"({each[1]}::uuid is not null)", query)
    return list(dict.fromkeys([*single, every])) if found else []


def test_exactly_the_filter_goes() -> None:
    query = "select * from a join b on b.org_id = a.org_id where a.org_id = %s and x = %s and b.org_id = %(org)s"
    one, other, both = mutants(query)
    assert one == query.replace("a.org_id = %s", "(%s::uuid is not null)")
    assert other == query.replace("b.org_id = %(org)s", "(%(org)s::uuid is not null)")
    assert "b.org_id = a.org_id" in both
    assert both.count("is not null") == 2
    assert mutants("insert into a (org_id) values (%s)") == []


async def test_no_query_that_lost_its_filter_tells_a_stranger(
    hub: Hub, owner: Person, stranger: Person, cluster: Cluster, asked: dict[str, Any], urls: Urls
) -> None:
    acme = await build(hub, owner, word())
    await build(hub, stranger, own_word())
    asked.clear()  # what the test itself wrote is no query of a store
    async with _everything_running(hub):
        await _follow(owner, cluster)
        await _use_everything(hub, owner, acme)
    filtered = {query: params for query, params in asked.items() if FILTER.search(query)}
    told, would = [], 0
    count = 0
    async with (
        await psycopg.AsyncConnection.connect(urls.superuser) as master,
        await psycopg.AsyncConnection.connect(urls.application) as theirs,
    ):
        prepare(master)
        prepare(theirs)
        for query, params in filtered.items():
            for mutant in mutants(query):
                count += 1
                await theirs.execute("select set_config('app.org', %s, true)", [str(stranger.by.org_id)])
                if _tells(await _run(theirs, mutant, params), acme):
                    told.append(mutant)
                await theirs.rollback()
                would += _tells(await _run(master, mutant, params), acme)
                await master.rollback()
    counts = f"{len(filtered)} queries of {len(asked)} filter by organization, {count} mutants"
    sys.stdout.write(f"{counts}: {len(told)} told a stranger, {would} would have without the second lock\n")
    assert len(filtered) > 50
    assert would > 20, "the mutants are dangerous, or this shows nothing"
    assert told == [], "\n\n".join(told)


@asynccontextmanager
async def _everything_running(hub: Hub) -> AsyncIterator[None]:
    """With the controllers of every slice, as a hub runs them."""
    async with running(supervise(controllers(SLICES, hub.house))):
        yield


async def _follow(owner: Person, cluster: Cluster) -> None:
    """Connect a cluster, and see what runs in it come and go."""
    made = await owner.http.post("/api/v1/clusters", json={"kubeconfig": cluster.kubeconfig()})
    assert made.status_code == 201, made.text
    where = {"cluster": made.json()["id"]}
    cluster.api.create(pod("heron"))
    await _until(owner, where, ["heron"])
    cluster.api.delete("pods", "heron", "default")
    await _until(owner, where, [])


async def _until(owner: Person, where: dict[str, str], names: list[str]) -> None:
    async def held() -> bool:
        answer = await owner.http.get("/api/v1/objects/pods", params=where)  # 404 until the first list is through
        return answer.is_success and [each["name"] for each in answer.json()["items"]] == names

    await eventually(held, 60)


async def _use_everything(hub: Hub, owner: Person, acme: World) -> None:
    """Every route asked by an owner of Acme about Acme's things; what changes things, last."""
    found = routes(routed())
    for route in sorted(found, key=lambda route: (route.unsafe, "session" in route.key, "DELETE" in route.key)):
        ways = acme.ways if not route.unsafe else acme.ways[:1]
        async with AsyncExitStack() as stack:
            person = owner
            if route.unsafe:
                person = await stack.enter_async_context(join(hub, word(), "owner", owner.by.org_id))
                await forgive(hub.house.db)
            for things in ways:
                await with_session(person).ask(route, fill(route, things, words=route.unsafe))


async def _run(connection: psycopg.AsyncConnection[Any], query: str, params: Any) -> str:
    """What a query tells; of one that changes rows, whose they were."""
    changes = re.match(r"\s*(update|delete)\b", query, re.IGNORECASE)
    if changes and not re.search(r"\breturning\b", query, re.IGNORECASE):
        table = re.match(r"\s*(?:update|delete\s+from)\s+(\w+)(?:\s+(?:as\s+)?(?!set\b|where\b|using\b)(\w+))?", query,
                         re.IGNORECASE)  # fmt: skip
        query += f" returning {(table[2] or table[1]) if table else ''}.org_id"
    try:
        cursor = await connection.execute(query, params)
        return str(await cursor.fetchall()) if cursor.description else ""
    except psycopg.Error as error:
        return f"refused: {error.sqlstate}"


def _tells(rows: str, acme: World) -> bool:
    """Whether Acme's words or ids are in the rows; what was sent along is no news, but a row that holds it is."""
    return bool(rows) and not rows.startswith("refused") and any(secret in rows for secret in acme.secrets)
