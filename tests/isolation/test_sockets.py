"""WebSockets are held to what holds for routes: a permission each, and shut alike to everyone who lacks it."""

from __future__ import annotations

import re
from contextlib import AsyncExitStack
from typing import Any, get_args

import pytest
from litestar.routes import WebSocketRoute
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from basefly.app import SLICES, routed
from basefly.base.slice import permissions
from basefly.core.access.model import Role
from tests.features.rows import register
from tests.isolation.routes import sockets
from tests.isolation.world import word
from tests.people import Hub, Person, join

ROLES: tuple[Role, ...] = get_args(Role)
NOWHERE = "00000000-0000-4000-8000-000000000000"
# What a path parameter stands for; one that is not here fails the test.
THINGS = {"resource": "pods", "name": "web-1"}


def filled(route: WebSocketRoute, cluster: str) -> str:
    return re.sub(r"\{(\w+)\}", lambda found: {"cluster": cluster, **THINGS}[found[1]], route.path_format)


async def opened(hub: Hub, path: str, headers: dict[str, str]) -> tuple[int, bytes]:
    """The status of the answer and its body; 101 when it lets them in."""
    try:
        async with connect(hub.url.replace("http", "ws") + path, additional_headers=headers):
            return 101, b""
    except InvalidStatus as refused:
        return refused.response.status_code, bytes(refused.response.body or b"")


def cookie(person: Person, **more: str) -> dict[str, str]:
    return {"Cookie": f"basefly={person.secret}", "Sec-Fetch-Site": "same-origin", **more}


def test_each_has_a_permission_that_a_slice_declares(hub: Hub) -> None:
    known = permissions(SLICES)
    found = sockets(routed())
    assert found
    assert [route.path_format for route in found if route.route_handler.opt.get("permission") not in known] == []


@pytest.mark.parametrize("role", ROLES)
async def test_each_role_may_what_its_permissions_say(hub: Hub, owner: Person, role: Role) -> None:
    """Of a cluster that is there and follows nothing: who may is let in, to be told that it does not answer."""
    cluster = str(await register(hub, owner.by.org_id, "near"))
    async with AsyncExitStack() as stack:
        person = await stack.enter_async_context(join(hub, word(), role, owner.by.org_id))
        held: Any = person.by.grants[0].permissions
        for route in sockets(routed()):
            status, _ = await opened(hub, filled(route, cluster), cookie(person))
            assert status == (101 if route.route_handler.opt["permission"] in held else 403), route.path_format


async def test_nobody_else_is_told_anything(hub: Hub, owner: Person, stranger: Person) -> None:
    cluster = str(await register(hub, owner.by.org_id, "near"))
    for route in sockets(routed()):
        there, nowhere = filled(route, cluster), filled(route, NOWHERE)
        answers = {
            await opened(hub, there, {}),
            await opened(hub, there, {"Cookie": "basefly=" + "A" * 60}),
            await opened(hub, there, cookie(stranger)),
            await opened(hub, nowhere, cookie(stranger)),
            await opened(hub, there, {"Cookie": f"basefly={owner.secret}", "Origin": "https://elsewhere.example"}),
            await opened(hub, there, cookie(owner) | {"Sec-Fetch-Site": "cross-site"}),
            await opened(hub, there, cookie(owner) | {"Sec-Fetch-Site": "same-site"}),
        }
        assert answers == {(403, b"")}, route.path_format
