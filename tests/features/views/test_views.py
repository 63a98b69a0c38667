"""Saved views: they work and leave a trace, a reader may not share, and a stranger cannot tell that they exist."""

from __future__ import annotations

import re
from typing import Any

import httpx
import pytest

from basefly.base.errors import Invalid
from basefly.features.views import model
from tests.people import Hub, Person, house, hub, listener, owner, port, stranger, viewer

__all__ = ["house", "hub", "listener", "owner", "port", "stranger", "viewer"]

ADDRESS = "/pods?set=env%3Dprod&health=bad"


async def save(person: Person, hub: Hub, name: str = "failing", **more: Any) -> httpx.Response:
    body = {"name": name, "address": ADDRESS} | more
    return await person.http.post("/api/v1/views", json=body, headers={"Origin": hub.url})


async def names(person: Person) -> list[str]:
    answer = await person.http.get("/api/v1/views")
    return [view["name"] for view in answer.json()["items"]]


async def acts(owner: Person) -> list[str]:
    answer = await owner.http.get("/api/v1/audit")
    return [record["act"] for record in answer.json()["items"]]


@pytest.mark.parametrize(
    "address", ["/pods", "/workloads/jobs.batch?q=a", "/objects/secrets", "/?cluster=a", "/clusters"]
)
def test_addresses_of_lists_are_kept(address: str) -> None:
    assert model.address(address) == address


def test_where_one_stands_is_no_part_of_a_view() -> None:
    assert model.address("/pods?q=a&cursor=x&open=/y&selected=z") == "/pods?q=a"


@pytest.mark.parametrize(
    "address",
    [
        "",
        "pods",
        "//evil.example",
        "/\\evil.example",
        "https://evil.example/pods",
        "/sign-out",
        "/pods/../settings",
        "/pods\n",
        "javascript:alert(1)",
        "///pods",
        "/objects/a/b",
    ],
)
def test_no_address_leads_elsewhere(address: str) -> None:
    with pytest.raises(Invalid):
        model.address(address)


class TestSave:
    async def test_one_s_own_is_private(self, owner: Person, viewer: Person, hub: Hub) -> None:
        answer = await save(viewer, hub)
        assert answer.status_code == 201, answer.text
        assert answer.json()["address"] == ADDRESS
        assert (await names(viewer), await names(owner)) == (["failing"], [])
        assert "view.shared" not in await acts(owner)

    async def test_what_is_shared_is_seen_and_on_record(self, owner: Person, viewer: Person, hub: Hub) -> None:
        assert (await save(owner, hub, shared=True)).status_code == 201
        assert await names(viewer) == ["failing"]
        assert "view.shared" in await acts(owner)

    async def test_a_reader_may_not_share(self, viewer: Person, hub: Hub) -> None:
        assert (await save(viewer, hub, shared=True)).status_code == 403
        assert await names(viewer) == []

    async def test_a_name_is_taken_once(self, viewer: Person, hub: Hub) -> None:
        await save(viewer, hub)
        assert (await save(viewer, hub, name="FAILING")).status_code == 409

    async def test_an_address_elsewhere_is_refused(self, viewer: Person, hub: Hub) -> None:
        assert (await save(viewer, hub, address="//evil.example/pods")).status_code == 422

    async def test_a_stranger_sees_nothing(self, owner: Person, stranger: Person, hub: Hub) -> None:
        view = (await save(owner, hub, shared=True)).json()
        assert await names(stranger) == []
        answer = await stranger.http.delete(f"/api/v1/views/{view['id']}", headers={"Origin": hub.url})
        assert answer.status_code == 404


class TestChange:
    async def test_rename_share_and_unshare(self, owner: Person, viewer: Person, hub: Hub) -> None:
        view = (await save(owner, hub)).json()
        for change in ({"name": "sick"}, {"shared": True}):
            answer = await owner.http.patch(f"/api/v1/views/{view['id']}", json=change, headers={"Origin": hub.url})
            assert answer.status_code == 200, answer.text
        assert await names(viewer) == ["sick"]
        await owner.http.patch(f"/api/v1/views/{view['id']}", json={"shared": False}, headers={"Origin": hub.url})
        assert await names(viewer) == []
        assert {"view.shared", "view.unshared"} <= set(await acts(owner))

    async def test_that_of_another_stays(self, owner: Person, viewer: Person, hub: Hub) -> None:
        view = (await save(owner, hub, shared=True)).json()
        answer = await viewer.http.patch(
            f"/api/v1/views/{view['id']}", json={"name": "mine"}, headers={"Origin": hub.url}
        )
        assert answer.status_code == 403
        assert await names(viewer) == ["failing"]

    async def test_a_list_opens_with_the_default(self, owner: Person, viewer: Person, hub: Hub) -> None:
        view = (await save(owner, hub, shared=True)).json()
        path = f"/api/v1/views/{view['id']}"
        await viewer.http.patch(path, json={"default": True}, headers={"Origin": hub.url})
        opened = await viewer.http.get("/pods", headers={"Accept": "text/html"})
        assert (opened.status_code, opened.headers["location"]) == (303, ADDRESS)
        assert (await owner.http.get("/pods", headers={"Accept": "text/html"})).status_code == 200
        await viewer.http.patch(path, json={"default": False}, headers={"Origin": hub.url})
        assert (await viewer.http.get("/pods", headers={"Accept": "text/html"})).status_code == 200


class TestDelete:
    async def test_it_is_gone_even_where_it_was_preferred(self, owner: Person, viewer: Person, hub: Hub) -> None:
        view = (await save(owner, hub, shared=True)).json()
        path = f"/api/v1/views/{view['id']}"
        await viewer.http.patch(path, json={"default": True}, headers={"Origin": hub.url})
        assert (await viewer.http.delete(path, headers={"Origin": hub.url})).status_code == 403
        assert (await owner.http.delete(path, headers={"Origin": hub.url})).status_code == 204
        assert await names(viewer) == []
        assert (await viewer.http.get("/pods", headers={"Accept": "text/html"})).status_code == 200
        assert "view.deleted" in await acts(owner)


class TestPage:
    async def test_saves_from_a_list_and_leads_back(self, viewer: Person, hub: Hub) -> None:
        page = await viewer.http.get("/views", params={"at": ADDRESS}, headers={"Accept": "text/html"})
        assert page.status_code == 200
        token = page.text.partition('name="csrf" value="')[2].partition('"')[0]
        answer = await viewer.http.post(
            "/views", data={"csrf": token, "at": ADDRESS, "name": "mine"}, headers={"Origin": hub.url}
        )
        assert (answer.status_code, answer.headers["location"]) == (303, ADDRESS)
        assert "mine" in (await viewer.http.get("/views", headers={"Accept": "text/html"})).text

    async def test_an_address_elsewhere_is_no_link(self, viewer: Person) -> None:
        page = await viewer.http.get("/views", params={"at": "//evil.example"}, headers={"Accept": "text/html"})
        assert not re.search(r'(?:href|action|value)="(?:/|&#x2f;){2}evil', page.text)
