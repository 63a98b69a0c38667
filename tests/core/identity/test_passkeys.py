"""Passkeys: made, used alone and as the second step, and refused."""

from __future__ import annotations

from tests.core.factors.authenticator import Authenticator
from tests.core.factors.people import CREDENTIALS, authenticator, sign_in, with_app, with_passkey
from tests.people import Hub, Person


class TestSignIn:
    async def test_alone_asks_for_nothing_else_and_leaves_a_trace(self, hub: Hub, owner: Person) -> None:
        device = await with_passkey(hub, owner)
        async with hub.browser() as http:
            assert (await sign_in(http, device)).status_code == 201
            assert (await http.get("/api/v1/me")).json()["email"] == "mia@example.com"
        (found, *_) = (await owner.http.get("/api/v1/audit?act=session.started")).json()["items"]
        assert found["detail"]["factors"] == ["passkey"]
        (kept,) = (await owner.http.get("/api/v1/me/factors")).json()["passkeys"]
        assert kept["name"] == "laptop"
        assert kept["used_at"]

    async def test_completes_a_password(self, hub: Hub, owner: Person) -> None:
        device = await with_passkey(hub, owner)
        async with hub.browser() as http:
            answer = await http.post("/api/v1/sessions", json=CREDENTIALS)
            assert answer.json()["ways"] == ["passkey", "recovery"]
            assert (await sign_in(http, device)).status_code == 201

    async def test_of_someone_else_does_not_complete_it(self, hub: Hub, owner: Person, viewer: Person) -> None:
        await with_app(owner)
        device = await with_passkey(hub, viewer)
        async with hub.browser() as http:
            await http.post("/api/v1/sessions", json=CREDENTIALS)
            assert (await sign_in(http, device)).status_code == 401
            await http.get("/sign-in")  # begins again
            assert (await sign_in(http, device)).status_code == 201

    async def test_the_question_names_nobody(self, hub: Hub, owner: Person) -> None:
        await with_passkey(hub, owner)
        async with hub.browser() as http:
            first = (await http.post("/api/v1/sessions/challenges")).json()
        assert first["allowCredentials"] == []
        assert first["userVerification"] == "required"
        assert len(first["challenge"]) >= 43


class TestRefused:
    async def refused(self, hub: Hub, owner: Person, device: Authenticator) -> str:
        async with hub.browser() as http:
            answer = await sign_in(http, device)
        assert answer.status_code == 401
        items = (await owner.http.get("/api/v1/audit?act=session.refused")).json()["items"]
        return str(items[0]["detail"].get("why", "")) if items else ""

    async def test_another_origin(self, hub: Hub, owner: Person) -> None:
        device = await with_passkey(hub, owner)
        device.origin = "https://evil.example"
        assert "origin" in await self.refused(hub, owner, device)

    async def test_without_verification_of_the_person(self, hub: Hub, owner: Person) -> None:
        device = await with_passkey(hub, owner)
        device.verified = False
        assert "verification" in await self.refused(hub, owner, device)

    async def test_a_counter_that_goes_back(self, hub: Hub, owner: Person) -> None:
        device = await with_passkey(hub, owner)
        device.count = 5
        async with hub.browser() as http:
            assert (await sign_in(http, device)).status_code == 201
        device.count = 3
        assert "sign count" in await self.refused(hub, owner, device)

    async def test_another_key_under_the_same_name(self, hub: Hub, owner: Person) -> None:
        device = await with_passkey(hub, owner)
        device.key = authenticator(hub).key
        assert await self.refused(hub, owner, device)

    async def test_a_passkey_that_claims_another_owner(self, hub: Hub, owner: Person, viewer: Person) -> None:
        device = await with_passkey(hub, viewer)
        device.handle = owner.by.org_id.bytes + owner.by.user_id.bytes
        assert await self.refused(hub, owner, device) == "no passkey of this person"

    async def test_one_nobody_has(self, hub: Hub, owner: Person) -> None:
        device = authenticator(hub)
        device.handle = bytes(32)
        assert await self.refused(hub, owner, device) == ""

    async def test_an_answer_sent_twice(self, hub: Hub, owner: Person) -> None:
        device = await with_passkey(hub, owner)
        async with hub.browser() as http:
            answer = device.get((await http.post("/api/v1/sessions/challenges")).json())
            pending = http.cookies["basefly-pending"]
            codes = []
            for _ in range(2):
                http.cookies.set("basefly-pending", pending)
                codes.append((await http.post("/api/v1/sessions/passkeys", json={"credential": answer})).status_code)
        assert codes == [201, 401]

    async def test_an_answer_from_another_browser(self, hub: Hub, owner: Person) -> None:
        device = await with_passkey(hub, owner)
        async with hub.browser() as one, hub.browser() as other:
            answer = device.get((await one.post("/api/v1/sessions/challenges")).json())
            await other.post("/api/v1/sessions/challenges")
            assert (await other.post("/api/v1/sessions/passkeys", json={"credential": answer})).status_code == 401

    async def test_an_answer_after_five_minutes(self, hub: Hub, owner: Person) -> None:
        device = await with_passkey(hub, owner)
        async with hub.browser() as http:
            answer = device.get((await http.post("/api/v1/sessions/challenges")).json())
            async with hub.house.db.transaction() as tx:
                assert await tx.value("select max(expires_at - created_at) = interval '5 minutes' from challenges")
                await tx.execute(
                    "update challenges set created_at = now() - interval '6 min', expires_at = now() - interval '1 s'"
                )
            assert (await http.post("/api/v1/sessions/passkeys", json={"credential": answer})).status_code == 401

    async def test_nonsense_is_422_or_401_never_500(self, hub: Hub, owner: Person) -> None:
        device = await with_passkey(hub, owner)
        async with hub.browser() as http:
            good = device.get((await http.post("/api/v1/sessions/challenges")).json())
            broken = [
                {},
                {"response": {}},
                {"response": {"clientDataJSON": "!"}},
                {"response": {"clientDataJSON": 7}},
                good | {"rawId": 7},
                {**good, "response": {**good["response"], "userHandle": "AAAA"}},
                {**good, "response": {**good["response"], "authenticatorData": "AAAA"}},
            ]
            codes = [
                (await http.post("/api/v1/sessions/passkeys", json={"credential": each})).status_code for each in broken
            ]
        assert set(codes) <= {401, 422}


class TestKeep:
    async def test_a_passkey_twice_is_409(self, hub: Hub, owner: Person) -> None:
        device = await with_passkey(hub, owner)
        options = (await owner.http.post("/api/v1/me/passkeys/challenges")).json()
        assert [each["id"] for each in options["excludeCredentials"]]
        answer = await owner.http.post("/api/v1/me/passkeys", json={"credential": device.create(options)})
        assert answer.status_code == 409

    async def test_without_verification_is_refused(self, hub: Hub, owner: Person) -> None:
        device = authenticator(hub)
        device.verified = False
        options = (await owner.http.post("/api/v1/me/passkeys/challenges")).json()
        answer = await owner.http.post("/api/v1/me/passkeys", json={"credential": device.create(options)})
        assert answer.status_code == 422

    async def test_a_question_of_another_session_does_not_count(self, hub: Hub, owner: Person, viewer: Person) -> None:
        options = (await viewer.http.post("/api/v1/me/passkeys/challenges")).json()
        wish = {"credential": authenticator(hub).create(options)}
        assert (await owner.http.post("/api/v1/me/passkeys", json=wish)).status_code == 422

    async def test_rename_and_remove_are_one_s_own(self, hub: Hub, owner: Person, viewer: Person) -> None:
        device = await with_passkey(hub, owner)
        (kept,) = (await owner.http.get("/api/v1/me/factors")).json()["passkeys"]
        path = f"/api/v1/me/passkeys/{kept['id']}"
        assert (await viewer.http.patch(path, json={"name": "mine"})).status_code == 404
        assert (await viewer.http.delete(path)).status_code == 404
        assert (await owner.http.patch(path, json={"name": "desk"})).status_code == 204
        assert (await owner.http.get("/api/v1/me/factors")).json()["passkeys"][0]["name"] == "desk"
        assert (await owner.http.delete(path)).status_code == 204
        async with hub.browser() as http:
            assert (await sign_in(http, device)).status_code == 401
            assert (await http.post("/api/v1/sessions", json=CREDENTIALS)).status_code == 201

    async def test_the_page_renames_and_says_what_is_no_name(self, hub: Hub, owner: Person, viewer: Person) -> None:
        await with_passkey(hub, owner)
        (kept,) = (await owner.http.get("/api/v1/me/factors")).json()["passkeys"]
        path = f"/settings/security/passkeys/{kept['id']}/names"
        page = (await owner.http.get("/settings/security")).text
        assert f'action="{path}"' in page
        csrf = page.split('name="csrf" value="')[1].split('"')[0]
        assert (await owner.http.post(path, data={"csrf": csrf, "name": " desk "})).status_code == 303
        assert ">desk" in (await owner.http.get("/settings/security")).text
        (found,) = (await owner.http.get("/api/v1/audit?act=factor.renamed")).json()["items"]
        assert found["detail"] == {"factor": "passkey", "name": "desk"}
        refused = await owner.http.post(path, data={"csrf": csrf, "name": "x" * 101})
        assert refused.status_code == 422
        assert "A name has 1 to 100 characters." in refused.text
        theirs = (await viewer.http.get("/settings/security")).text.split('name="csrf" value="')[1].split('"')[0]
        assert (await viewer.http.post(path, data={"csrf": theirs, "name": "mine"})).status_code == 404
        assert (await owner.http.get("/api/v1/me/factors")).json()["passkeys"][0]["name"] == "desk"
