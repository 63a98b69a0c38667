"""Identity providers of an organization: added, changed, tested and removed, by those who may."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.core.federation.conftest import Company
from tests.people import Hub, Person, join

PATH = "/api/v1/identity-providers"
WISH = {
    "name": "Acme ID",
    "issuer": "https://id.acme.example",
    "client_id": "basefly",
    "client_secret": "s3cr3t canary",
}


async def added(owner: Person, **more: Any) -> dict[str, Any]:
    answer = await owner.http.post(PATH, json={**WISH, **more})
    assert answer.status_code == 201, answer.text
    told: dict[str, Any] = answer.json()
    return told


async def acts(owner: Person) -> list[str]:
    items = (await owner.http.get("/api/v1/audit", params={"act": "identity_provider"})).json()["items"]
    return [each["act"] for each in items]


class TestAdd:
    async def test_works_seals_the_secret_and_leaves_a_trace(self, hub: Hub, owner: Person) -> None:
        told = await added(owner, domains=["@Acme.example"], group_names={"a": "platform"}, groups_claim="g")
        assert (told["confidential"], told["domains"]) == (True, ["acme.example"])
        shown = await owner.http.get(PATH)
        assert "canary" not in shown.text
        assert await acts(owner) == ["identity_provider.added"]
        async with hub.house.db.transaction(owner.by.org_id) as tx:
            sealed = await tx.value("select client_secret from identity_providers")
        assert b"canary" not in sealed

    async def test_a_viewer_neither_sees_nor_adds(self, owner: Person, viewer: Person) -> None:
        assert (await viewer.http.post(PATH, json=WISH)).status_code == 403
        assert (await viewer.http.get(PATH)).status_code == 403

    async def test_an_admin_adds_and_an_operator_does_not(self, hub: Hub, owner: Person) -> None:
        async with join(hub, "ada", "admin", owner.by.org_id) as admin:
            assert (await admin.http.post(PATH, json=WISH)).status_code == 201
        async with join(hub, "olu", "operator", owner.by.org_id) as operator:
            assert (await operator.http.post(PATH, json=WISH)).status_code == 403

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("issuer", "http://id.acme.example"),
            ("issuer", "https://id.acme.example/?a=b"),
            ("issuer", "ftp://x"),
            ("name", " "),
            ("client_id", ""),
            ("domains", ["no domain"]),
            ("scopes", ["two words"]),
            ("create_role", "owner"),
            ("unknown", "field"),
        ],
    )
    async def test_what_cannot_be_is_named(self, owner: Person, field: str, value: object) -> None:
        answer = await owner.http.post(PATH, json={**WISH, field: value})
        assert answer.status_code == 422
        assert field in str(answer.json()["errors"])

    async def test_a_name_twice_is_409(self, owner: Person) -> None:
        await added(owner)
        assert (await owner.http.post(PATH, json={**WISH, "client_id": "other"})).status_code == 409
        assert (await owner.http.post(PATH, json={**WISH, "name": "Other"})).status_code == 409


class TestChange:
    async def test_keeps_the_secret_unless_one_is_given(self, hub: Hub, owner: Person) -> None:
        told = await added(owner)
        wish = {name: value for name, value in WISH.items() if name != "client_secret"}
        answer = await owner.http.put(f"{PATH}/{told['id']}", json={**wish, "name": "New"})
        assert (answer.json()["name"], answer.json()["confidential"]) == ("New", True)
        answer = await owner.http.put(f"{PATH}/{told['id']}", json={**wish, "client_secret": ""})
        assert answer.json()["confidential"] is False

    async def test_another_issuer_does_not_get_the_secret(self, owner: Person) -> None:
        told = await added(owner)
        wish = {**WISH, "issuer": "https://elsewhere.example"}
        del wish["client_secret"]
        assert (await owner.http.put(f"{PATH}/{told['id']}", json=wish)).status_code == 409
        assert (await owner.http.put(f"{PATH}/{told['id']}", json={**wish, "client_secret": "x"})).status_code == 200

    async def test_removed_it_is_gone(self, owner: Person) -> None:
        told = await added(owner)
        assert (await owner.http.delete(f"{PATH}/{told['id']}")).status_code == 204
        assert (await owner.http.get(f"{PATH}/{told['id']}")).status_code == 404
        assert (await added(owner))["id"] != told["id"]
        assert (await acts(owner))[1] == "identity_provider.removed"


class TestTest:
    async def test_says_that_all_is_well(self, company: Company) -> None:
        told = (await company.owner.http.post(f"{PATH}/{company.provider_id}/tests")).json()
        assert told["ok"], told
        assert [check["name"] for check in told["items"]] == ["discovery", "keys", "pkce", "client"]

    async def test_says_what_is_wrong(self, company: Company) -> None:
        await company.change(issuer=f"{company.provider.issuer}/nowhere", client_secret="x")
        told = (await company.owner.http.post(f"{PATH}/{company.provider_id}/tests")).json()
        assert told["ok"] is False
        assert "answered 404" in told["items"][0]["detail"]

    async def test_names_an_issuer_written_otherwise(self, company: Company) -> None:
        await company.change(issuer=f"{company.provider.issuer}/", client_secret="x")
        told = (await company.owner.http.post(f"{PATH}/{company.provider_id}/tests")).json()
        assert "is of another issuer" in told["items"][0]["detail"]


class TestAddress:
    async def test_a_stranger_s_name_is_not_had_twice(self, owner: Person, stranger: Person) -> None:
        assert (await owner.http.put("/api/v1/sign-in-address", json={"slug": "Acme"})).json() == {"slug": "acme"}
        assert (await stranger.http.put("/api/v1/sign-in-address", json={"slug": "acme"})).status_code == 409
        assert (await owner.http.put("/api/v1/sign-in-address", json={"slug": "callback"})).status_code == 422

    async def test_one_that_does_not_exist_looks_like_one_without_providers(self, hub: Hub, owner: Person) -> None:
        await owner.http.put("/api/v1/sign-in-address", json={"slug": "acme"})
        async with hub.browser() as http:
            pages = [(await http.get(f"/sign-in/{slug}")).text for slug in ("acme", "none")]
            assert (await http.get("/sso", params={"name": "None"})).headers["location"].startswith("/sign-in/none?")
        bare = [re.sub(r'nonce="[^"]*"', "", page) for page in pages]
        assert bare[0] == bare[1]


class TestPages:
    async def test_add_change_test_and_remove_by_forms(self, company: Company, owner: Person) -> None:
        page = (await owner.http.get("/single-sign-on")).text
        assert "Acme ID" in page
        csrf = token(page)
        form = {"csrf": csrf, "name": "Second", "issuer": "nonsense", "client_id": "b", "scopes": "openid"}
        answer = await owner.http.post("/single-sign-on", data=form)
        assert answer.status_code == 422
        assert "begins with https" in answer.text or "is an address like" in answer.text
        form |= {"issuer": "https://second.example", "group_names": "a = b", "create_role": "viewer"}
        answer = await owner.http.post("/single-sign-on", data=form)
        assert answer.status_code == 303
        path = answer.headers["location"]
        shown = (await owner.http.get(path)).text
        assert "a = b" in shown
        assert "/sso/callback" in shown.replace("&#x2f;", "/")
        tested = await owner.http.post(f"/single-sign-on/{company.provider_id}/tests", data={"csrf": csrf})
        assert "answers, and is of this issuer" in tested.text
        assert (await owner.http.post(f"{path}/removals", data={"csrf": csrf})).status_code == 303
        assert (await owner.http.get(path)).status_code == 404

    async def test_a_viewer_is_denied(self, company: Company, viewer: Person) -> None:
        assert (await viewer.http.get("/single-sign-on")).status_code == 403


class TestLink:
    async def test_someone_signed_in_links_their_identity(self, company: Company, owner: Person) -> None:
        path = await self.set_out(company, owner)
        mia = company.journey()
        back = await mia.visitor.sign_in(path, "ben")
        answer = await owner.http.get(back.removeprefix(company.hub.url))
        assert (answer.status_code, answer.headers["location"]) == (303, "/settings/identities"), answer.text
        (linked,) = (await owner.http.get("/api/v1/me/identities")).json()["items"]
        assert linked["subject"] == "ben"
        ben = company.journey()
        assert (await ben.sign_in("ben")).status_code == 303
        assert (await ben.me()).json()["id"] == str(owner.by.user_id)
        body = {"issuer": linked["issuer"], "subject": "ben"}
        assert (await owner.http.post("/api/v1/me/identities/unlinkings", json=body)).status_code == 204
        assert (await owner.http.get("/api/v1/me/identities")).json()["items"] == []

    async def test_another_s_session_links_nothing(self, company: Company, owner: Person, viewer: Person) -> None:
        path = await self.set_out(company, owner)
        back = await company.journey().visitor.sign_in(path, "ben")
        viewer.http.cookies.set("basefly-sso", owner.http.cookies["basefly-sso"])
        assert (await viewer.http.get(back.removeprefix(company.hub.url))).status_code == 403
        assert (await viewer.http.get("/api/v1/me/identities")).json()["items"] == []

    async def test_without_the_form_s_token_it_does_not_begin(self, company: Company, owner: Person) -> None:
        answer = await owner.http.post("/settings/identities", data={"provider": company.provider_id})
        assert answer.status_code == 403

    async def set_out(self, company: Company, owner: Person) -> str:
        csrf = token((await owner.http.get("/settings/identities")).text)
        data = {"csrf": csrf, "provider": company.provider_id}
        page = (await owner.http.post("/settings/identities", data=data)).text
        found = re.search(r'class="button primary wide" href="([^"]+)"', page)
        assert found, page
        return found[1].replace("&amp;", "&").replace("&#x2f;", "/")


def token(page: str) -> str:
    found = re.search(r'name="csrf" value="([^"]+)"', page)
    assert found
    return found[1]
