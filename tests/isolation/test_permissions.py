"""Who may what: every role at every route, allowed or refused exactly as the route's permission says.

permissions.yaml is what was reviewed: a route, a permission or a role that changes unseen fails here. After a look at
the difference, `PYTHONPATH=. python -m tests.isolation.test_permissions` writes it anew.
"""

from __future__ import annotations

import sys
from collections import Counter
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, get_args

import pytest
import yaml

from basefly.app import SLICES, routed
from basefly.base.slice import permissions
from basefly.core.access.model import Role, permissions_of
from tests.isolation.asking import Asker, with_session, with_token
from tests.isolation.routes import Route, fill, foreign, routes
from tests.isolation.world import absent, word
from tests.people import Hub, Person, join

REVIEWED = Path(__file__).with_name("permissions.yaml")
ROLES: tuple[Role, ...] = get_args(Role)


def declared(found: list[Route]) -> dict[str, Any]:
    """Routes by the permission that they ask for, and roles with what they give."""
    known = permissions(SLICES)
    by_permission: dict[str, list[str]] = {}
    for route in found:
        by_permission.setdefault(route.permission, []).append(route.key)
    return {
        "roles": {role: sorted(permissions_of(role, known)) for role in ROLES},
        "routes": {permission: sorted(keys) for permission, keys in sorted(by_permission.items())},
    }


def test_nothing_has_changed_unseen(hub: Hub) -> None:
    reviewed = yaml.safe_load(REVIEWED.read_text())
    now = declared(routes(routed()))
    changed = {
        f"{part}/{name}": sorted(set(now[part].get(name, ())) ^ set(reviewed[part].get(name, ())))
        for part in ("roles", "routes")
        for name in {*now[part], *reviewed[part]}
        if now[part].get(name) != reviewed[part].get(name)
    }
    assert changed == {}, "look at each, then write permissions.yaml anew (see above)"


async def test_what_has_no_permission_is_closed_to_everyone(hub: Hub, owner: Person) -> None:
    strays = foreign(routed())
    assert strays, "the framework brings pages of its own"
    async with hub.browser() as http:
        for path in strays:
            for asker in (http, owner.http):
                assert (await asker.get(path.format(path="x"))).status_code == 404, path


@pytest.mark.parametrize("role", ROLES)
async def test_each_role_may_what_its_permissions_say(hub: Hub, owner: Person, role: Role) -> None:
    """With things that are nowhere, so that nothing changes: who may is told 404 or 422, who may not 403."""
    counts: Counter[str] = Counter()
    wrong: list[str] = []
    nothing = absent().ways[0]
    async with AsyncExitStack() as stack:
        person = await stack.enter_async_context(join(hub, word(), role, owner.by.org_id))
        held = set(person.by.grants[0].permissions)
        askers = [with_session(person), await with_token(stack, hub, person)]
        for number, route in enumerate(routes(routed())):  # in turn: both are held to the same
            asker = askers[0 if route.handler.opt.get("recent") else number % 2]  # no token proves itself anew
            wrong.extend(await _check(route, asker, held, nothing, counts))
    sys.stdout.write(f"{role}: {dict(counts)}, {len(wrong)} unexplained\n")
    assert counts["allowed"] > 10
    assert wrong == []


async def _check(route: Route, asker: Asker, held: set[str], nothing: Any, counts: Counter[str]) -> list[str]:
    if not route.governed:
        return []
    sent = fill(route, nothing, words=False)
    if route.body is not None:  # a body that no route takes: what is asked here is only who is let in
        sent = type(sent)(sent.method, sent.url, sent.params, {"nothing": 1}, None, sent.values)
    answer = await asker.ask(route, sent)
    expected = route.permission in held
    counts["allowed" if expected else "refused"] += 1
    allowed = answer.status not in (401, 403)
    return [] if allowed == expected else [f"{route.key} ({route.permission}): {answer.status} {answer.body[:200]}"]


if __name__ == "__main__":
    REVIEWED.write_text(yaml.safe_dump(declared(routes(routed())), sort_keys=False, width=118))
