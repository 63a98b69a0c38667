"""The record as pages: filtered, unfolded, proved."""

from __future__ import annotations

import asyncio
import re
from html import unescape

import psycopg
import pytest

from basefly.base.resilience.ending import end
from basefly.core.audit.actions import record
from basefly.core.audit.verifier import Verifier
from tests.conftest import Urls
from tests.core.audit.chain.test_verifying import chain
from tests.people import Hub, Person


async def write(hub: Hub, person: Person, *objects: str, act: str = "thing.done") -> None:
    async with hub.house.db.transaction(person.by.org_id) as tx:
        for each in objects:
            await record(tx, person.by, act, each, {"n": 1}, before={"size": 1}, after={"size": 2})


async def page_of(person: Person, address: str) -> str:
    return unescape((await person.http.get(address)).text)


class TestList:
    async def test_shows_who_did_what_to_what(self, hub: Hub, owner: Person) -> None:
        await write(hub, owner, "things/1")
        page = await page_of(owner, "/audit")
        assert "thing.done" in page
        assert "things/1" in page
        assert "Mia" in page

    async def test_calls_an_object_by_its_name(self, owner: Person) -> None:
        await owner.http.post("/api/v1/tokens", json={"name": "for the night"})
        page = await page_of(owner, "/audit?act=token.created")
        assert re.search(r">for the night</a> <span[^>]*>tokens/[0-9a-f]{8}</span>", page)

    async def test_tells_of_a_grant_who_got_which_role(self, owner: Person, viewer: Person) -> None:
        wish = {"subject": {"kind": "user", "id": str(viewer.by.user_id)}, "role": "operator"}
        assert (await owner.http.post("/api/v1/grants", json=wish)).status_code == 201
        assert ">operator · Vic</a>" in await page_of(owner, "/audit?act=grant.created")

    @pytest.mark.parametrize(
        ("query", "shown"),
        [
            ("act=thing", True), ("act=cluster", False), ("object=things/1", True), ("object=things/2", False),
            ("outcome=done", True), ("outcome=failed", False), ("outcome=nonsense", True), ("since=2020-01-01", True),
            ("since=2100-01-01", False), ("until=2020-01-01", False), ("until=2100-01-01", True),
            ("actor=nobody", False), ("since=nonsense", True),
        ],
    )  # fmt: skip
    async def test_is_narrowed(self, hub: Hub, owner: Person, query: str, shown: bool) -> None:
        await write(hub, owner, "things/1")
        answer = await owner.http.get(f"/audit?{query}")
        assert answer.status_code == 200
        assert ('class="cell-link mono" href="/audit?object=things%2F1"' in unescape(answer.text)) is shown

    async def test_goes_on_page_by_page(self, hub: Hub, owner: Person) -> None:
        await write(hub, owner, *(f"things/{n}" for n in range(120)))
        address, seen = "/audit?act=thing", set()
        for _ in range(3):
            page = await page_of(owner, address)
            seen |= set(re.findall(r"object=(things%2F\d+)", page))
            following = re.search(r'rel="next" href="([^"]+)"', page)
            address = following[1] if following else ""
        assert len(seen) == 120
        assert not address

    async def test_of_nobody_says_so(self, owner: Person) -> None:
        assert "No record matches every filter" in (await owner.http.get("/audit?act=no.such")).text

    async def test_a_reader_is_refused_and_sees_no_line_in_the_menu(self, viewer: Person) -> None:
        answer = await viewer.http.get("/audit", headers={"Accept": "text/html"})
        assert answer.status_code == 403
        assert 'href="/audit"' not in (await viewer.http.get("/settings")).text

    async def test_a_stranger_sees_nothing_of_it(self, hub: Hub, owner: Person, stranger: Person) -> None:
        await write(hub, owner, "things/1")
        assert "things/1" not in (await stranger.http.get("/audit")).text

    async def test_an_act_that_nobody_did_stays_chosen(self, owner: Person) -> None:
        page = await page_of(owner, "/audit?act=no.such")
        assert '<option value="no.such" selected>no.such</option>' in page
        assert page.count("Clear filters") == 1

    async def test_comes_as_a_file(self, hub: Hub, owner: Person) -> None:
        await write(hub, owner, "things/1")
        page = await page_of(owner, "/audit?act=thing")
        assert "/audit/export?act=thing&format=csv" in page
        assert (await owner.http.get("/audit/export?act=thing&format=csv")).text.count("things/1") == 1


class TestRecord:
    async def test_is_unfolded(self, hub: Hub, owner: Person) -> None:
        await write(hub, owner, "clusters/7b1c8f52-1f6e-4a38-9c55-0d2a8a8b9f10")
        found = (await owner.http.get("/api/v1/audit?act=thing")).json()["items"][0]
        page = await page_of(owner, f"/audit/records/{found['id']}")
        for text in ("127.0.0.1" if found["address"] else "–", '"size": 1', '"size": 2', "Before"):
            assert text in page
        assert 'href="/clusters/7b1c8f52' in page
        assert re.search(r"<dd>\w+ \d+, 20\d\d, \d\d:\d\d UTC · <time", page)
        human, technical = page.partition("<details")[::2]
        assert str(found["id"]) not in human.partition('id="facts-title"')[2]
        assert str(found["id"]) in technical

    async def test_of_another_organization_is_not_found(self, hub: Hub, owner: Person, stranger: Person) -> None:
        await write(hub, owner, "things/1")
        found = (await owner.http.get("/api/v1/audit?act=thing")).json()["items"][0]
        theirs = await stranger.http.get(f"/api/v1/audit/records/{found['id']}")
        nothing = await stranger.http.get("/api/v1/audit/records/00000000-0000-4000-8000-000000000000")
        assert theirs.status_code == nothing.status_code == 404
        assert theirs.json()["detail"] == nothing.json()["detail"]


class TestProof:
    async def test_is_asked_for_and_stands_on_the_page(self, hub: Hub, owner: Person, urls: Urls) -> None:
        await write(hub, owner, "things/1", "things/2", "things/3")
        await chain(hub.house, owner.by.org_id)
        assert "Not verified yet" in (await owner.http.get("/audit")).text
        verifying = asyncio.create_task(Verifier(hub.house).run())
        try:
            await shows(owner, "Verified up to record")
            with psycopg.connect(urls.superuser) as connection:
                connection.execute("set session_replication_role = replica")
                connection.execute("update audit_records set object = 'things/9' where object = 'things/2'")
            token = re.search(r'name="csrf" value="([^"]+)"', (await owner.http.get("/audit")).text)
            assert token
            answer = await owner.http.post("/audit/verifications", data={"csrf": token[1]})
            assert answer.status_code == 303
            await shows(owner, "Tampering found")
        finally:
            await end(verifying)
        told = await hub.metrics()
        assert "basefly_audit_broken_chains 1.0" in told


async def shows(person: Person, text: str) -> None:
    for _ in range(200):
        if text in (await person.http.get("/audit")).text:
            return
        await asyncio.sleep(0.05)
    raise AssertionError(f"the page never said {text}")
