"""A link that lets someone in, once, with a role that its inviter can give."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest

from tests.core.access.people import given
from tests.people import Hub, Person, join

PATH, ACCEPT = "/api/v1/invitations", "/api/v1/invitation-acceptances"
KIM = {"email": "Kim@example.com", "role": "operator"}
CHOICE = {"name": "Kim", "password": "five geese in the reeds"}


async def invite(person: Person, **more: str) -> dict[str, Any]:
    answer = await person.http.post(PATH, json=KIM | more)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


def token(made: dict[str, Any]) -> str:
    return str(made["link"]).partition("#")[2]


async def accept(hub: Hub, secret: str, **more: str) -> httpx.Response:
    async with hub.browser() as http:
        return await http.post(ACCEPT, json=CHOICE | {"token": secret} | more)


async def test_it_lets_someone_in_once(hub: Hub, owner: Person) -> None:
    made = await invite(owner)
    assert (made["state"], made["email"]) == ("open", "kim@example.com")
    assert made["link"].startswith(f"{hub.url}/invitation#")
    async with hub.browser() as http:
        answer = await http.post(ACCEPT, json=CHOICE | {"token": token(made)})
        assert answer.status_code == 201, answer.text
        me = (await http.get("/api/v1/me")).json()
    assert (me["email"], me["role"], me["organization"]["name"]) == ("kim@example.com", "operator", "Acme")
    assert (await accept(hub, token(made))).status_code == 403
    (listed,) = (await owner.http.get(PATH)).json()["items"]
    assert listed["state"] == "accepted"
    acts = [item["act"] for item in (await owner.http.get("/api/v1/audit?act=invitation")).json()["items"]]
    assert acts == ["invitation.accepted", "invitation.sent"]
    (grant,) = (await owner.http.get(f"/api/v1/grants?subject=user/{me['id']}")).json()["items"]
    assert grant["granted_by_name"] == "Mia"


async def test_the_link_is_kept_as_a_hash_and_shown_once(hub: Hub, owner: Person) -> None:
    made = await invite(owner)
    async with hub.house.db.transaction(owner.by.org_id) as tx:
        kept = str(await tx.value("select invitations::text from invitations"))
        audit = str(await tx.value("select string_agg(audit_records::text, ' ') from audit_records"))
    assert token(made) not in kept + audit + (await owner.http.get(PATH)).text


async def test_two_at_once_make_one_member(hub: Hub, owner: Person) -> None:
    made = await invite(owner)
    answers = await asyncio.gather(*(accept(hub, token(made)) for _ in range(5)))
    assert sorted(answer.status_code for answer in answers) == [201, 403, 403, 403, 403]


async def test_sent_again_only_the_new_link_is_good(hub: Hub, owner: Person) -> None:
    made = await invite(owner)
    again = await owner.http.post(f"{PATH}/{made['id']}/sendings")
    assert again.status_code == 201
    assert (await accept(hub, token(made))).status_code == 403
    assert (await accept(hub, token(again.json()))).status_code == 201
    assert (await owner.http.post(f"{PATH}/{made['id']}/sendings")).status_code == 409


async def test_withdrawn_or_old_it_is_refused(hub: Hub, owner: Person) -> None:
    made = await invite(owner)
    assert (await owner.http.delete(f"{PATH}/{made['id']}")).status_code == 204
    assert (await accept(hub, token(made))).status_code == 403
    assert (await owner.http.delete(f"{PATH}/{made['id']}")).status_code == 409
    old = await invite(owner)
    async with hub.house.db.transaction(owner.by.org_id) as tx:
        await tx.execute("update invitations set expires_at = now() - interval '1 s' where id = %s", [old["id"]])
    assert (await accept(hub, token(old))).status_code == 403


async def test_a_mistake_does_not_use_it_up(hub: Hub, owner: Person) -> None:
    made = await invite(owner)
    for wrong in ({"password": "short"}, {"name": " "}):
        assert (await accept(hub, token(made), **wrong)).status_code == 422
    assert (await accept(hub, token(made))).status_code == 201


class TestWhoInvites:
    async def test_no_one_to_more_than_they_hold(self, hub: Hub, owner: Person, viewer: Person) -> None:
        assert (await viewer.http.post(PATH, json=KIM)).status_code == 403
        async with join(hub, "ada", "admin", owner.by.org_id) as ada:
            assert (await ada.http.post(PATH, json=KIM | {"role": "owner"})).status_code == 403
            made = await invite(owner, role="owner")
            assert (await ada.http.post(f"{PATH}/{made['id']}/sendings")).status_code == 403

    async def test_counts_at_the_moment_of_acceptance(self, hub: Hub, owner: Person, viewer: Person) -> None:
        await given(owner, viewer, "admin")
        made = await invite(viewer)
        for grant in (await owner.http.get(f"/api/v1/grants?subject=user/{viewer.by.user_id}")).json()["items"]:
            await owner.http.delete(f"/api/v1/grants/{grant['id']}")
        assert (await accept(hub, token(made))).status_code == 403
        assert len((await owner.http.get("/api/v1/members")).json()["items"]) == 2

    async def test_not_a_member_and_not_twice(self, owner: Person, viewer: Person) -> None:
        assert (await owner.http.post(PATH, json=KIM | {"email": viewer.by.email})).status_code == 409
        await invite(owner)
        assert (await owner.http.post(PATH, json=KIM)).status_code == 409

    async def test_a_stranger_cannot_tell_that_it_exists(self, owner: Person, stranger: Person) -> None:
        made = await invite(owner)
        assert (await stranger.http.delete(f"{PATH}/{made['id']}")).status_code == 404
        assert (await stranger.http.post(f"{PATH}/{made['id']}/sendings")).status_code == 404
        assert (await stranger.http.get(PATH)).json()["items"] == []
        assert (await stranger.http.post(PATH, json=KIM | {"email": owner.by.email})).status_code == 201


class TestPage:
    async def test_makes_the_member(self, hub: Hub, owner: Person) -> None:
        made = await invite(owner)
        async with hub.browser() as http:
            assert (await http.get("/invitation")).status_code == 200
            wrong = await http.post("/invitation", data=CHOICE | {"token": token(made), "password": "short"})
            assert wrong.status_code == 422
            assert 'value="Kim"' in wrong.text
            assert '<div id="code" hidden>' in wrong.text, "nobody need see a code that is right"
            answer = await http.post("/invitation", data=CHOICE | {"token": token(made)})
            assert (answer.status_code, answer.headers["location"]) == (303, "/")
            assert (await http.get("/api/v1/me")).json()["name"] == "Kim"

    @pytest.mark.parametrize("secret", ["", "x", "A" * 64])
    async def test_a_guess_is_refused(self, hub: Hub, secret: str) -> None:
        async with hub.browser() as http:
            answer = await http.post("/invitation", data=CHOICE | {"token": secret})
            assert answer.status_code == 403
            assert '<div id="code">' in answer.text
