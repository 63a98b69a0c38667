"""Whoever may reach one cluster, or one namespace, gets exactly that; whoever lacks a second factor gets nothing.

A cluster out of reach looks like one that is nowhere, on every route that tells of clusters and what runs in them, and
no list, count or suggestion holds a word of it.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any
from uuid import UUID

import pytest

from basefly.app import routed
from tests.core.access.people import bare, given
from tests.features.rows import put
from tests.isolation.asking import Asker, with_session, with_token
from tests.isolation.credentials import service_token, token, want_factor
from tests.isolation.routes import Route, fill, routes
from tests.isolation.test_isolation import Matrix
from tests.isolation.world import World, absent, build_cluster, own_word, word
from tests.people import Hub, Person, join

OF_CLUSTERS = ("clusters:", "inventory:")


@pytest.fixture
async def stack() -> AsyncIterator[AsyncExitStack]:
    async with AsyncExitStack() as stack:
        yield stack


async def limited(stack: AsyncExitStack, hub: Hub, owner: Person, near: World, kind: str) -> Asker:
    """Somebody who reaches `near` and nothing else."""
    cluster = near.ways[1]["cluster"]
    if kind in ("limited token", "service account"):
        made = await (token if kind == "limited token" else service_token)(owner, clusters=[cluster])
        return Asker(await stack.enter_async_context(hub.browser()), owner.bearer(made))
    person = await stack.enter_async_context(join(hub, word(), "viewer", owner.by.org_id))
    await bare(owner, person)
    where: dict[str, Any] = {"clusters": "ids", "cluster_ids": [cluster]}
    where |= {"namespaces": [near.word]} if kind == "one namespace" else {}
    await given(owner, person, "developer" if kind == "one namespace" else "operator", where=where)
    return with_session(person)


@pytest.mark.parametrize("kind", ["one cluster", "one namespace", "limited token", "service account"])
async def test_what_is_out_of_reach_is_nowhere(hub: Hub, owner: Person, stack: AsyncExitStack, kind: str) -> None:
    near, far = [await build_cluster(hub, owner.by.org_id, name) for name in (own_word(), word())]
    nothing, hidden = absent(), own_word()
    await put(hub, owner.by.org_id, UUID(near.ways[1]["cluster"]), "pods", hidden, namespace=hidden)
    asker = await limited(stack, hub, owner, near, kind)
    matrix = Matrix(hub, World(far.word, far.ways))
    found = [
        route
        for route in routes(routed())
        if route.permission.startswith(OF_CLUSTERS) and (not route.unsafe or "cluster" in route.parameters)
    ]
    seen: Counter[str] = Counter()
    for route in found:
        for things, none in zip(far.ways, nothing.ways, strict=True):
            await matrix.compare(kind, route, (asker, asker), (things, none))
        if route.unsafe:
            continue
        answer = await asker.ask(route, fill(route, near.ways[1], words=False))
        matrix.wrong += [f"{route.key} tells of what is out of reach"] * (far.word in answer.raw)
        seen["the namespace's neighbour"] += hidden in answer.raw
        seen["its own"] += near.word in answer.raw
    assert seen["its own"] > 20, "who may, sees"
    assert bool(seen["the namespace's neighbour"]) == (kind != "one namespace"), seen
    listed = await asker.http.get("/api/v1/clusters", headers=dict(asker.headers))
    assert [each["name"] for each in listed.json()["items"]] == [near.word]
    matrix.conclude(len(found))


@pytest.mark.parametrize("credential", ["session", "token"])
async def test_who_lacks_the_factor_that_is_wanted_gets_nothing(
    hub: Hub, owner: Person, stack: AsyncExitStack, credential: str
) -> None:
    person = await stack.enter_async_context(join(hub, word(), "admin", owner.by.org_id))
    asker = with_session(person) if credential == "session" else await with_token(stack, hub, person)
    await want_factor(hub, owner.by.org_id)
    counts: Counter[str] = Counter()
    wrong = []
    for route in routes(routed()):
        if route.public or route.handler.opt.get("without_factor"):
            counts["open"] += 1
            continue
        counts["refused"] += 1
        if said := await _let_in(asker, route):
            wrong.append(f"{route.key}: {said}")
    sys.stdout.write(f"{credential} without a factor: {dict(counts)}, {len(wrong)} unexplained\n")
    assert counts["refused"] > 200
    assert wrong == []


async def _let_in(asker: Asker, route: Route) -> str:
    """What an answer was that did not just send on to where a factor is set up."""
    answer = await asker.ask(route, fill(route, absent().ways[0], words=False))
    sent_on = answer.status == 303 and ("location", "/settings/security") in answer.headers
    refused = answer.status == 403 and (route.endless or "second factor" in answer.body)
    return "" if sent_on or refused else f"{answer.status} {answer.body[:200]}"
