"""An organization wants its provider's sign-in of everybody: who is led there, who is not, and who may turn it on."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from basefly.core.factors.company import CompanySignIn
from basefly.core.identity import signing
from basefly.core.identity import store as people
from basefly.core.identity.model import Origin
from tests.core.factors.people import CREDENTIALS, grow_old, sign_in, with_app, with_passkey
from tests.core.federation.conftest import Company, Journey
from tests.people import PASSWORD, Hub, Person, join

PATH = "/api/v1/required-sign-in"
ANN = {"email": "ann@acme.example", "password": PASSWORD}
VIC = {"email": "vic@example.com", "password": PASSWORD}
LINK = "?link=yes"


@pytest.fixture
async def ann(company: Company) -> Journey:
    """Ann, whom an administrator added with a password, at a browser; the provider is not linked to her yet."""
    wish = {**ANN, "name": "Ann", "role": "viewer"}
    assert (await company.owner.http.post("/api/v1/members", json=wish)).status_code == 201
    return company.journey()


@pytest.fixture
async def admin(company: Company) -> AsyncIterator[Person]:
    async with join(company.hub, "ada", "admin", company.owner.by.org_id) as person:
        yield person


async def turn_on(company: Company, http: httpx.AsyncClient | None = None) -> httpx.Response:
    return await (http or company.owner.http).put(PATH, json={"provider": company.provider_id})


async def give_password(http: httpx.AsyncClient, who: dict[str, str] = ANN) -> httpx.Response:
    return await http.post("/api/v1/sessions", json=who)


async def acts(company: Company, act: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await company.owner.http.get("/api/v1/audit", params={"act": act})).json()["items"]
    return found


def refused(answer: httpx.Response) -> str:
    """Where to go instead of getting a session."""
    assert (answer.status_code, answer.json()["code"]) == (403, "company_sign_in"), answer.text
    assert answer.json()["detail"] == "Your organization signs in with Acme ID."
    assert "basefly=" not in answer.headers.get("set-cookie", "").replace("-pending=", "")
    return str(answer.json()["address"])


class TestPassword:
    async def test_leads_to_the_provider_links_it_and_lets_in(self, company: Company, ann: Journey) -> None:
        known = (await company.owner.http.get("/api/v1/members")).json()["items"]
        told = await turn_on(company)
        assert (told.status_code, told.json()) == (200, {"provider": company.provider_id, "unlinked": 2})
        address = refused(await give_password(ann.http))
        assert address == f"/sign-in/acme/{company.provider_id}{LINK}"
        assert (await ann.me()).status_code == 401
        answer = await ann.sign_in("ann", f"{address}&next=/clusters")
        assert (answer.status_code, answer.headers.get("location")) == (303, "/clusters"), answer.text
        assert (await ann.me()).json()["id"] in [each["id"] for each in known]
        (linked,) = await acts(company, "identity.linked")
        assert linked["actor_id"] == (await ann.me()).json()["id"]
        (started, *_) = await acts(company, "session.started")
        assert started["detail"]["factors"] == ["password", "sso"]

    async def test_afterwards_leads_there_without_linking(self, company: Company, ann: Journey) -> None:
        await turn_on(company)
        await ann.sign_in("ann", refused(await give_password(ann.http)))
        again = company.journey()
        answer = await give_password(again.http)
        assert refused(answer) == f"/sign-in/acme/{company.provider_id}"
        assert 'basefly-pending=""' in answer.headers["set-cookie"]
        assert (await again.sign_in("ann")).status_code == 303
        assert (await again.me()).json()["email"] == "ann@acme.example"
        (last, *_) = await acts(company, "session.refused")
        assert last["detail"] == {"why": "company"}

    async def test_only_the_right_one_learns_of_it(self, company: Company, ann: Journey) -> None:
        before = [await give_password(ann.http, who) for who in (ANN | {"password": "x" * 12}, VIC)]
        await turn_on(company)
        after = [await give_password(ann.http, who) for who in (ANN | {"password": "x" * 12}, VIC)]
        told = {(each.status_code, each.json()["detail"], each.json()["cure"]) for each in (*before, *after)}
        assert len(told) == 1
        assert next(iter(told))[0] == 401

    async def test_the_page_says_it_and_has_the_way(self, company: Company, ann: Journey) -> None:
        await turn_on(company)
        page = await ann.http.post("/sign-in", data={**ANN, "next": "/clusters"})
        assert page.status_code == 403
        assert "Your organization signs in with Acme ID." in page.text
        address = f"/sign-in/acme/{company.provider_id}{LINK}&amp;next="
        assert address in page.text.replace("&#x2f;", "/")
        answer = await ann.sign_in("ann", f"/sign-in/acme/{company.provider_id}{LINK}&next=/clusters")
        assert answer.headers["location"] == "/clusters"

    async def test_what_stands_goes_on(self, company: Company, viewer: Person) -> None:
        await turn_on(company)
        assert (await viewer.http.get("/api/v1/me")).status_code == 200
        assert (await viewer.http.post("/api/v1/me/proofs", json={"password": PASSWORD})).status_code == 204

    async def test_turned_off_it_is_enough_again(self, company: Company, ann: Journey) -> None:
        await turn_on(company)
        off = await company.owner.http.put(PATH, json={"provider": None})
        assert off.json() == {"provider": None, "unlinked": 0}
        assert (await give_password(ann.http)).status_code == 201
        assert len(await acts(company, "company_sign_in.released")) == 1

    async def test_a_provider_that_is_removed_is_wanted_of_nobody(self, company: Company, ann: Journey) -> None:
        await turn_on(company)
        refused(await give_password(ann.http))
        gone = await company.owner.http.delete(f"/api/v1/identity-providers/{company.provider_id}")
        assert gone.status_code == 204
        assert (await give_password(ann.http)).status_code == 201
        (removed,) = await acts(company, "identity_provider.removed")
        assert removed["detail"]["was_required"] is True
        assert (await company.owner.http.get("/api/v1/identity-providers")).json()["required"] is None

    async def test_another_organization_is_not_concerned(self, company: Company, stranger: Person, hub: Hub) -> None:
        await turn_on(company)
        async with hub.browser() as http:
            assert (await give_password(http, {"email": "sam@example.com", "password": PASSWORD})).status_code == 201

    async def test_the_one_door_is_shut_too(self, company: Company, viewer: Person, hub: Hub) -> None:
        await turn_on(company)
        async with hub.house.db.transaction(viewer.by.org_id) as tx:
            account = await people.get_user_account(tx, viewer.by.user_id)
            assert account
            with pytest.raises(CompanySignIn):
                await signing.open_session(hub.house, tx, account, Origin("127.0.0.1", "test"))


class TestFactors:
    async def test_a_second_factor_comes_before_linking(self, company: Company, ann: Journey) -> None:
        await give_password(ann.http)
        app, _ = await with_app(ann.http)
        await ann.http.delete("/api/v1/sessions/current")
        await turn_on(company)
        assert (await give_password(ann.http)).status_code == 202
        early = await ann.sign_in("ann", f"{ann.start}{LINK}")
        assert (early.status_code, (await ann.me()).status_code) == (401, 401), "the password alone links nothing"
        assert await acts(company, "identity.linked") == []
        assert (await give_password(ann.http)).status_code == 202
        address = refused(await ann.http.post("/api/v1/sessions/second-steps", json={"totp": app.code()}))
        assert (await ann.sign_in("ann", address)).status_code == 303
        assert (await ann.me()).status_code == 200, "the factor is not asked for twice"

    async def test_a_passkey_leads_there_too(self, company: Company, viewer: Person) -> None:
        device = await with_passkey(company.hub, viewer)
        await turn_on(company)
        async with company.hub.browser() as http:
            answer = await sign_in(http, device)
            assert refused(answer).endswith(LINK)
            assert "basefly-pending=" in answer.headers["set-cookie"]
            assert (await http.get("/api/v1/me")).status_code == 401


class TestLinking:
    async def test_is_of_the_same_address_only(self, company: Company, ann: Journey) -> None:
        await turn_on(company)
        address = refused(await give_password(ann.http))
        answer = await ann.sign_in("ben", address)
        assert answer.status_code == 403
        assert "does not vouch for the e-mail address" in answer.text
        (last, *_) = await acts(company, "session.refused")
        assert last["detail"] == {"why": "address"}
        assert (await ann.me()).status_code == 401
        assert await acts(company, "identity.linked") == []

    async def test_is_for_the_browser_that_gave_the_password(self, company: Company, ann: Journey) -> None:
        await turn_on(company)
        address = refused(await give_password(ann.http))
        other = company.journey()
        away = await other.http.get(address)
        assert away.status_code == 401, "it has no wait to link to"
        there = await ann.visitor.sign_in(await ann.set_out(address), "ann")
        ann.http.cookies.delete("basefly-pending")
        assert (await ann.back(there)).status_code == 401, "the wait must stand on the way back, too"
        assert (await ann.me()).status_code == 401

    async def test_is_not_by_the_way(self, company: Company, ann: Journey) -> None:
        """Whoever signs in at the same browser without asking for it links nothing to whom a sign-in waits for."""
        await turn_on(company)
        refused(await give_password(ann.http))
        assert (await ann.sign_in("ann")).status_code == 401
        assert await acts(company, "identity.linked") == []

    async def test_of_an_address_that_the_provider_vouches_for(self, company: Company) -> None:
        wish = {"email": "uma@acme.example", "password": PASSWORD}
        made = await company.owner.http.post("/api/v1/members", json={**wish, "name": "Uma", "role": "viewer"})
        assert made.status_code == 201
        await turn_on(company)
        uma = company.journey()
        assert (await uma.sign_in("uma", refused(await give_password(uma.http, wish)))).status_code == 403

    async def test_an_invitation_makes_the_account_and_leads_there(self, company: Company) -> None:
        await turn_on(company)
        invited = await company.owner.http.post("/api/v1/invitations", json={"email": ANN["email"], "role": "operator"})
        wish = {"token": invited.json()["link"].partition("#")[2], "name": "Ann", "password": PASSWORD}
        ann = company.journey()
        page = await ann.http.post("/invitation", data=wish)
        assert page.status_code == 403
        assert "Your account is made" in page.text
        assert (await ann.me()).status_code == 401
        assert (await ann.sign_in("ann", f"{ann.start}{LINK}")).status_code == 303
        assert (await ann.me()).json()["role"] == "operator"


class TestOwner:
    async def test_passes_and_each_time_is_on_record(self, company: Company, hub: Hub) -> None:
        await turn_on(company)
        async with hub.browser() as http:
            assert (await give_password(http, CREDENTIALS)).status_code == 201
        (found,) = await acts(company, "company_sign_in.bypassed")
        assert found["detail"] == {"provider": "Acme ID"}
        assert found["actor_id"] == str(company.owner.by.user_id)

    async def test_no_more_than_an_owner(self, company: Company, admin: Person, hub: Hub) -> None:
        await turn_on(company)
        async with hub.browser() as http:
            refused(await give_password(http, {"email": "ada@example.com", "password": PASSWORD}))


class TestTurnOn:
    async def test_by_whoever_came_through_it(self, company: Company) -> None:
        await company.change(create_role="admin")
        through = company.journey()
        await through.sign_in("ann")
        assert (await turn_on(company, through.http)).status_code == 200
        (found,) = await acts(company, "company_sign_in.required")
        assert found["detail"] == {"provider": "Acme ID", "was": None}
        assert (await company.owner.http.get("/api/v1/identity-providers")).json()["required"] == company.provider_id

    async def test_not_by_an_admin_who_came_otherwise(self, company: Company, admin: Person) -> None:
        answer = await turn_on(company, admin.http)
        assert (answer.status_code, answer.json()["code"]) == (403, "denied")
        assert "lock yourself and everybody out" in answer.json()["detail"]
        assert (await company.owner.http.get("/api/v1/identity-providers")).json()["required"] is None

    async def test_not_by_a_reader_a_stranger_a_token_or_after_a_while(
        self, company: Company, viewer: Person, stranger: Person, hub: Hub
    ) -> None:
        assert (await turn_on(company, viewer.http)).status_code == 403
        foreign = await turn_on(company, stranger.http)
        nowhere = await stranger.http.put(PATH, json={"provider": str(stranger.by.org_id)})
        assert (foreign.status_code, foreign.json()["errors"]) == (422, nowhere.json()["errors"])
        token = (await company.owner.http.post("/api/v1/tokens", json={"name": "script"})).json()["token"]
        async with hub.browser() as http:
            http.headers["authorization"] = f"Bearer {token}"
            assert (await turn_on(company, http)).status_code == 403
        await grow_old(hub, company.owner)
        assert (await turn_on(company)).json()["code"] == "step_up_needed"

    async def test_not_without_an_address_or_with_one_that_does_not_work(
        self, company: Company, stranger: Person
    ) -> None:
        wish = {"name": "Umbrella ID", "issuer": company.provider.issuer, "client_id": "x", "client_secret": "y"}
        theirs = (await stranger.http.post("/api/v1/identity-providers", json=wish)).json()["id"]
        unnamed = await stranger.http.put(PATH, json={"provider": theirs})
        assert (unnamed.status_code, unnamed.json()["cure"]) == (409, "Name the address first.")
        await company.change(issuer=f"{company.provider.issuer}/nowhere", client_secret="x")
        broken = await turn_on(company)
        assert broken.status_code == 409
        assert "does not work" in broken.json()["detail"]

    async def test_another_takes_its_place(self, company: Company) -> None:
        wish = {"name": "Other ID", "issuer": company.provider.issuer, "client_id": "x", "client_secret": "y"}
        other = (await company.owner.http.post("/api/v1/identity-providers", json=wish)).json()["id"]
        await turn_on(company)
        assert (await company.owner.http.put(PATH, json={"provider": other})).json()["provider"] == other
        (last, _) = await acts(company, "company_sign_in.required")
        assert last["detail"] == {"provider": "Other ID", "was": "Acme ID"}

    async def test_the_page_turns_it_on_and_off(self, company: Company, viewer: Person) -> None:
        page = (await company.owner.http.get("/single-sign-on")).text
        csrf = page.split('name="csrf" value="')[1].split('"')[0]
        form = {"csrf": csrf, "provider": company.provider_id}
        assert (await company.owner.http.post("/single-sign-on/required", data=form)).status_code == 303
        page = (await company.owner.http.get("/single-sign-on")).text
        assert "Everybody signs in with Acme ID." in page
        assert "2 people have not linked it yet" in page
        wrong = await company.owner.http.post("/single-sign-on/required", data={**form, "provider": "none"})
        assert wrong.status_code == 422
        assert "There is no such identity provider." in wrong.text
        off = await company.owner.http.post("/single-sign-on/required", data={"csrf": csrf})
        assert off.status_code == 303
        assert "Everybody signs in with" not in (await company.owner.http.get("/single-sign-on")).text
