"""What one person was just told is told to another only if the rights of both show the same."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import msgspec
import pytest

from basefly.base.principal import Grant, Principal
from basefly.core.inventory import answers
from basefly.core.inventory.answers import ListRequest, SearchAnswer
from basefly.core.inventory.asking.facets import Facets
from basefly.core.inventory.model import ObjectPage
from tests.core.inventory.test_api import ask, berlin
from tests.people import Hub, Person, house, hub, listener, owner, port, viewer

__all__ = ["berlin", "house", "hub", "listener", "owner", "port", "viewer"]

PODS = ListRequest(resource="pods", limit=1000)
SPACE = "kube-system"


def narrowed(
    by: Principal, *, clusters: frozenset[UUID] | None = None, namespaces: frozenset[str] | None = None
) -> Principal:
    """The same person with rights over a part alone."""
    return msgspec.structs.replace(by, grants=(Grant(frozenset({answers.READ}), clusters, namespaces),))


async def told(hub: Hub, by: Principal) -> tuple[ObjectPage, Facets, SearchAnswer]:
    async with hub.house.db.reading(by.org_id, by=by.user_id) as tx:
        found = await answers.list_objects(tx, by, PODS)
        return found, await answers.facets(tx, by, PODS), await answers.search(tx, by, f"kind:pod ns:{SPACE}", 500)


@pytest.mark.parametrize("first", ["wide", "narrow"])
async def test_rights_over_a_part_are_told_of_that_part(
    hub: Hub, owner: Person, berlin: dict[str, Any], first: str
) -> None:
    narrow = narrowed(owner.by, namespaces=frozenset({SPACE}))
    if first == "narrow":
        part = await told(hub, narrow)
        whole = await told(hub, owner.by)
    else:
        whole = await told(hub, owner.by)
        part = await told(hub, narrow)
    assert {pod.namespace for pod in part[0].items} == {SPACE} < {pod.namespace for pod in whole[0].items}
    assert set(part[1].namespace) == {SPACE} < set(whole[1].namespace)
    assert part[2].items == whole[2].items != []


async def test_rights_over_other_clusters_are_told_nothing(hub: Hub, owner: Person, berlin: dict[str, Any]) -> None:
    assert (await told(hub, owner.by))[0].items
    page, facets, found = await told(hub, narrowed(owner.by, clusters=frozenset({UUID(int=7)})))
    assert (page.items, page.as_of, facets.status, found.items) == ([], {}, {}, [])


@pytest.mark.usefixtures("berlin")
async def test_a_search_says_how_long_it_took_this_time(owner: Person) -> None:
    took = [(await ask(owner, "/search", q="kind:node"))["took_ms"] for _ in range(3)]
    assert took[0] > 0
