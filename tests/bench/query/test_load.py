"""The load is what it says: so many requests, of all questions, at moments that do not depend on any answer."""

from __future__ import annotations

import random
from collections import Counter

import pytest
from aiohttp import web

from bench.query import load
from bench.query.load import Users
from bench.query.questions import Group, groups
from bench.query.tell import Side
from e2e.plane.program import free_port
from tests.people import Person

NAMES = ["one", "two", "three"]


def test_a_plan_is_a_process_of_poisson() -> None:
    plan = load._plan(NAMES, 10.0, 300.0, random.Random(1))  # noqa: S311  # repeatable
    moments = [at for at, _ in plan]
    assert moments == sorted(moments)
    assert 0 <= moments[0] <= moments[-1] < 300.0
    assert len(plan) == pytest.approx(3000, rel=0.1)
    assert min(Counter(name for _, name in plan).values()) > 800
    assert plan == load._plan(NAMES, 10.0, 300.0, random.Random(1))  # noqa: S311  # repeatable


async def test_every_request_is_counted_for_its_question() -> None:
    asked: Counter[str] = Counter()

    async def answer(request: web.Request) -> web.Response:
        asked[request.path] += 1
        return web.Response(text="[]")

    app = web.Application()
    app.router.add_get("/{name}", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    port = free_port()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    users = Users(f"http://127.0.0.1:{port}", [{}, {}, {}])
    waited = await load.offered(users, {"a": "/a", "b": "/b"}, rate=60.0, seconds=1.0, seed=1)
    await runner.cleanup()
    assert waited.offered == len(waited.all) == sum(asked.values()) - 3  # each user opens its connection with one
    assert len(waited.waits["b"]) == asked["/b"]
    told = Side.of("hub", waited, 1.0)
    assert told.waits.count == waited.offered
    assert told.waits.p50 <= told.waits.p95 <= told.waits.p99


@pytest.mark.parametrize("group", groups(), ids=lambda group: group.name)
async def test_the_hub_knows_every_question(group: Group, owner: Person) -> None:
    for question in group.questions.values():
        answer = await owner.http.get(question)
        assert answer.status_code == 200, f"{question}: {answer.text}"
