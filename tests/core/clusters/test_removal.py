"""Whoever disconnects a cluster in a session has proved a short while ago that it is them."""

from __future__ import annotations

import re
from html import unescape
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from tests.core.clusters.conftest import Register
from tests.core.factors.people import grow_old
from tests.isolation.asking import form_token
from tests.isolation.credentials import service_token, token
from tests.people import PASSWORD, Hub, Person

HTML = {"Accept": "text/html"}


async def post(person: Person, path: str, **fields: object) -> httpx.Response:
    """Send a form that was open in the browser for some time."""
    return await person.http.post(
        path, data={"csrf": form_token(person.http.cookies["basefly"]), **fields}, headers=HTML
    )


async def there(person: Person) -> int:
    total: int = (await person.http.get("/api/v1/clusters")).json()["total"]
    return total


class TestApi:
    async def test_a_session_that_is_old_must_prove_itself_first(
        self, hub: Hub, owner: Person, register: Register
    ) -> None:
        address = f"/api/v1/clusters/{(await register())['id']}"
        await grow_old(hub, owner)
        refused = await owner.http.delete(address)
        assert refused.status_code == 403
        assert refused.json()["code"] == "step_up_needed"
        assert await there(owner) == 1
        assert (await owner.http.post("/api/v1/me/proofs", json={"password": PASSWORD})).status_code == 204
        assert (await owner.http.delete(address)).status_code == 204
        assert await there(owner) == 0

    @pytest.mark.parametrize("service", [False, True])
    async def test_a_token_is_enough(self, hub: Hub, owner: Person, register: Register, service: bool) -> None:
        address = f"/api/v1/clusters/{(await register())['id']}"
        bearer = owner.bearer(await (service_token if service else token)(owner))
        await grow_old(hub, owner)
        async with hub.browser() as http:
            assert (await http.delete(address, headers=bearer)).status_code == 204

    async def test_whoever_may_not_is_told_that_first(
        self, hub: Hub, owner: Person, viewer: Person, register: Register
    ) -> None:
        made = await register()
        await grow_old(hub, viewer)
        assert (await viewer.http.delete(f"/api/v1/clusters/{made['id']}")).json()["code"] == "denied"


class TestPages:
    async def test_of_one_cluster_lead_to_the_proof_and_back(self, hub: Hub, owner: Person, register: Register) -> None:
        page = f"/clusters/{(await register(name='west'))['id']}"
        assert f"{page}/removals" in (await owner.http.get(f"{page}/settings", headers=HTML)).text
        await grow_old(hub, owner)
        shown = (await owner.http.get(f"{page}/settings", headers=HTML)).text
        assert "/removals" not in shown
        assert parse_qs(urlsplit(_link(shown)).query)["next"] == [f"{page}/settings"]
        answer = await post(owner, f"{page}/removals", confirmation="west")
        await _leads_back(owner, answer, f"{page}/settings")
        assert await there(owner) == 1

    async def test_of_a_name_that_is_strange_stay_here(self, hub: Hub, owner: Person) -> None:
        await grow_old(hub, owner)
        answer = await post(owner, "/clusters/a%3Fb=c%23d/removals")
        await _leads_back(owner, answer, "/clusters/a%3Fb%3Dc%23d/settings")

    async def test_of_several_remember_what_was_selected(self, hub: Hub, owner: Person, register: Register) -> None:
        made = await register(name="west")
        page = f"/cluster-changes?do=disconnect&cluster={made['id']}"
        fresh = (await owner.http.get(page, headers=HTML)).text
        action = _form(fresh)
        await grow_old(hub, owner)
        shown = (await owner.http.get(page, headers=HTML)).text
        assert "/cluster-removals" not in shown
        assert parse_qs(urlsplit(_link(shown)).query)["next"] == [page]
        answer = await post(owner, action, cluster=made["id"], confirmation="west")
        await _leads_back(owner, answer, page)
        assert await there(owner) == 1
        again = (await owner.http.get(page, headers=HTML)).text
        assert _form(again) == action
        done = await post(owner, action, cluster=made["id"], confirmation="west")
        assert "Done" in done.text
        assert await there(owner) == 0


def _link(page: str) -> str:
    """Where the link to the proof of oneself leads."""
    found = re.search(r'href="(/confirm[^"]*)"', page)
    assert found
    return unescape(found[1])


def _form(page: str) -> str:
    """Where the form that disconnects several is sent to."""
    found = re.search(r'action="([^"]*cluster-removals[^"]*)"', page)
    assert found
    return unescape(found[1])


async def _leads_back(person: Person, answer: httpx.Response, page: str) -> None:
    """Follow to the proof, give it, and come back to the page."""
    assert answer.status_code == 303
    door = urlsplit(answer.headers["location"])
    assert door.path == "/confirm"
    (next_,) = parse_qs(door.query)["next"]
    assert next_ == page
    proved = await post(person, "/confirm", password=PASSWORD, next=next_)
    assert proved.status_code == 303, proved.text
    assert proved.headers["location"] == page
