"""Sign-in in two steps: a password, then a code."""

from __future__ import annotations

import asyncio

import pytest

from basefly.core.identity import throttle
from tests.core.factors.people import CREDENTIALS, App, with_app
from tests.people import Hub, Person

SECOND = "/api/v1/sessions/second-steps"


class TestTotp:
    async def test_the_password_alone_opens_nothing(self, hub: Hub, owner: Person) -> None:
        await with_app(owner)
        async with hub.browser() as http:
            answer = await http.post("/api/v1/sessions", json=CREDENTIALS)
            assert answer.status_code == 202
            assert answer.json() == {"ways": ["totp", "recovery"]}
            assert "basefly" not in http.cookies
            assert (await http.get("/api/v1/me")).status_code == 401

    async def test_the_code_completes_it_and_leaves_a_trace(self, hub: Hub, owner: Person) -> None:
        app, _ = await with_app(owner)
        async with hub.browser() as http:
            await http.post("/api/v1/sessions", json=CREDENTIALS)
            answer = await http.post(SECOND, json={"totp": app.code()})
            assert answer.status_code == 201
            assert (await http.get("/api/v1/me")).json()["email"] == "mia@example.com"
            assert "basefly-pending" not in http.cookies
        (found, *_) = (await owner.http.get("/api/v1/audit?act=session.started")).json()["items"]
        assert found["detail"]["factors"] == ["password", "totp"]

    async def test_a_code_is_taken_once(self, hub: Hub, owner: Person) -> None:
        app, _ = await with_app(owner)
        code = app.code()
        async with hub.browser() as http:
            answers = []
            for _ in range(2):
                await http.post("/api/v1/sessions", json=CREDENTIALS)
                answers.append((await http.post(SECOND, json={"totp": code})).status_code)
        assert answers == [201, 401]

    @pytest.mark.parametrize("way", ["totp", "recovery"])
    async def test_a_code_is_taken_once_by_many_at_the_same_moment(self, hub: Hub, owner: Person, way: str) -> None:
        app, codes = await with_app(owner)
        body = {way: app.code() if way == "totp" else codes[0]}

        async def come_in() -> int:
            async with hub.browser() as http:
                await http.post("/api/v1/sessions", json=CREDENTIALS)
                begun.release()
                await together.wait()
                return (await http.post(SECOND, json=body)).status_code

        begun, together = asyncio.Semaphore(0), asyncio.Event()
        coming = [asyncio.create_task(come_in()) for _ in range(5)]
        for _ in coming:
            await begun.acquire()
        together.set()
        assert sorted(await asyncio.gather(*coming)) == [201, 401, 401, 401, 401]

    async def test_a_wait_is_good_once(self, hub: Hub, owner: Person) -> None:
        app, _ = await with_app(owner)
        async with hub.browser() as http:
            await http.post("/api/v1/sessions", json=CREDENTIALS)
            waiting = http.cookies["basefly-pending"]
            assert (await http.post(SECOND, json={"totp": app.code()})).status_code == 201
            http.cookies.set("basefly-pending", waiting)
            assert (await http.post(SECOND, json={"totp": app.code()})).status_code == 401

    async def test_another_browser_cannot_complete_it(self, hub: Hub, owner: Person) -> None:
        app, _ = await with_app(owner)
        async with hub.browser() as one, hub.browser() as other:
            await one.post("/api/v1/sessions", json=CREDENTIALS)
            assert (await other.post(SECOND, json={"totp": app.code()})).status_code == 401

    async def test_it_waits_five_minutes(self, hub: Hub, owner: Person) -> None:
        app, _ = await with_app(owner)
        async with hub.browser() as http:
            await http.post("/api/v1/sessions", json=CREDENTIALS)
            async with hub.house.db.transaction(owner.by.org_id) as tx:
                assert await tx.value("select expires_at - created_at = interval '5 minutes' from pending_sign_ins")
                await tx.execute("update pending_sign_ins set created_at = now() - interval '1 h', expires_at = now()")
            assert (await http.post(SECOND, json={"totp": app.code()})).status_code == 401

    async def test_guessing_is_stopped_across_sign_ins_and_on_record(self, hub: Hub, owner: Person) -> None:
        app, _ = await with_app(owner)
        async with hub.browser() as http:
            codes = []
            for _ in range(throttle.ACCOUNT.capacity):
                await http.post("/api/v1/sessions", json=CREDENTIALS)
                codes.append((await http.post(SECOND, json={"totp": "000000"})).status_code)
            await http.post("/api/v1/sessions", json=CREDENTIALS)
            stopped = await http.post(SECOND, json={"totp": app.code()})
        assert codes.count(401) >= throttle.ACCOUNT.capacity - 1  # setting the app up took one
        assert stopped.status_code == 429
        found = (await owner.http.get("/api/v1/audit?act=session.refused")).json()["items"]
        assert found[0]["detail"] == {"factor": "totp"}

    async def test_a_wrong_password_reads_the_same_with_a_factor_and_without(self, hub: Hub, owner: Person) -> None:
        wrong = CREDENTIALS | {"password": "not the one at all"}
        async with hub.browser() as http:
            before = (await http.post("/api/v1/sessions", json=wrong)).json()
            await with_app(owner)
            after = (await http.post("/api/v1/sessions", json=wrong)).json()
        differing = {"instance", "trace_id"}
        assert {k: v for k, v in before.items() if k not in differing} == {
            k: v for k, v in after.items() if k not in differing
        }


class TestRecoveryCode:
    async def test_each_is_good_once(self, hub: Hub, owner: Person) -> None:
        _, codes = await with_app(owner)
        assert len(codes) == len(set(codes)) == 10
        async with hub.browser() as http:
            answers = []
            for typed in (codes[0].upper().replace("-", " "), codes[0], codes[1]):
                await http.post("/api/v1/sessions", json=CREDENTIALS)
                answers.append((await http.post(SECOND, json={"recovery": typed})).status_code)
        assert answers == [201, 401, 201]
        assert (await owner.http.get("/api/v1/me/factors")).json()["recovery_codes"] == 8

    async def test_new_ones_end_the_old_ones(self, hub: Hub, owner: Person) -> None:
        _, old = await with_app(owner)
        new = (await owner.http.post("/api/v1/me/recovery-codes")).json()["recovery_codes"]
        async with hub.browser() as http:
            await http.post("/api/v1/sessions", json=CREDENTIALS)
            assert (await http.post(SECOND, json={"recovery": old[0]})).status_code == 401
            assert (await http.post(SECOND, json={"recovery": new[0]})).status_code == 201

    async def test_are_kept_as_hashes(self, hub: Hub, owner: Person) -> None:
        _, codes = await with_app(owner)
        async with hub.house.db.transaction(owner.by.org_id) as tx:
            rows = await tx.all(str, "select row(r.*)::text from recovery_codes r")
        assert len(rows) == 10
        assert not [code for code in codes if any(code in row or code.replace("-", "") in row for row in rows)]


class TestSetUp:
    async def test_the_secret_is_sealed(self, hub: Hub, owner: Person) -> None:
        app, _ = await with_app(owner)
        async with hub.house.db.transaction(owner.by.org_id) as tx:
            sealed = await tx.value("select sealed from totp_devices")
        assert app.totp.secret.encode() not in sealed

    async def test_counts_from_the_first_code_on(self, hub: Hub, owner: Person) -> None:
        await owner.http.post("/api/v1/me/factors/totp")
        async with hub.browser() as http:
            assert (await http.post("/api/v1/sessions", json=CREDENTIALS)).status_code == 201
        wrong = await owner.http.post("/api/v1/me/factors/totp/confirmations", json={"code": "000000"})
        assert wrong.status_code == 422
        assert wrong.json()["errors"][0]["pointer"] == "/code"

    async def test_gives_the_session_another_secret_and_ends_the_others(self, hub: Hub, owner: Person) -> None:
        async with hub.browser() as other:
            await other.post("/api/v1/sessions", json=CREDENTIALS)
            await with_app(owner)
            assert (await other.get("/api/v1/me")).status_code == 401
        assert owner.http.cookies["basefly"] != owner.secret
        async with hub.browser() as http:
            http.cookies.set("basefly", owner.secret)
            assert (await http.get("/api/v1/me")).status_code == 401

    async def test_a_second_app_is_409_and_removal_ends_the_second_step(self, hub: Hub, owner: Person) -> None:
        await with_app(owner)
        assert (await owner.http.post("/api/v1/me/factors/totp")).status_code == 409
        assert (await owner.http.delete("/api/v1/me/factors/totp")).status_code == 204
        assert (await owner.http.get("/api/v1/me/factors")).json()["recovery_codes"] == 0
        async with hub.browser() as http:
            assert (await http.post("/api/v1/sessions", json=CREDENTIALS)).status_code == 201
        acts = [item["act"] for item in (await owner.http.get("/api/v1/audit?act=factor")).json()["items"]]
        assert acts == ["factor.removed", "factor.added"]

    async def test_another_s_is_not_touched(self, owner: Person, viewer: Person, stranger: Person) -> None:
        await with_app(owner)
        for other in (viewer, stranger):
            assert (await other.http.delete("/api/v1/me/factors/totp")).status_code == 404
            assert (await other.http.get("/api/v1/me/factors")).json()["totp"] is None

    async def test_a_token_cannot(self, hub: Hub, owner: Person) -> None:
        token = (await owner.http.post("/api/v1/tokens", json={"name": "laptop"})).json()["token"]
        async with hub.browser() as http:
            answer = await http.post("/api/v1/me/factors/totp", headers=owner.bearer(token))
        assert answer.status_code == 403
        assert answer.json()["code"] == "denied"


class TestPages:
    async def test_lead_through_both_steps(self, hub: Hub, owner: Person) -> None:
        app, _ = await with_app(owner)
        async with hub.browser() as http:
            page = await http.post("/sign-in", data=CREDENTIALS | {"next": "/settings"})
            assert page.status_code == 200
            assert 'name="totp"' in page.text
            wrong = await http.post("/sign-in/second-step", data={"totp": "000000", "next": "/settings"})
            assert wrong.status_code == 401
            assert 'role="alert"' in wrong.text
            done = await http.post("/sign-in/second-step", data={"totp": app.code(), "next": "/settings"})
            assert done.headers["location"] == "/settings"
            assert (await http.get("/settings")).status_code == 200

    async def test_set_an_app_up_and_no_browser_keeps_what_they_show(self, hub: Hub, owner: Person) -> None:
        page = (await owner.http.get("/settings/security")).text
        csrf = {"csrf": page.split('name="csrf" value="')[1].split('"')[0]}
        begun = await owner.http.post("/settings/security/totp", data=csrf)
        shown = await owner.http.get(begun.headers["location"])
        assert shown.headers["cache-control"] == "no-store"
        app = App(shown.text.split('<code id="secret">')[1].split("<")[0])
        wrong = await owner.http.post("/settings/security/totp/confirmations", data=csrf | {"code": "000000"})
        assert wrong.status_code == 422
        done = await owner.http.post("/settings/security/totp/confirmations", data=csrf | {"code": app.code()})
        assert done.headers["cache-control"] == "no-store"
        assert done.text.count("-") > 50  # ten codes of six groups

        fresh = {"csrf": done.text.split('name="csrf" value="')[1].split('"')[0]}  # of the session's new secret
        again = await owner.http.post("/settings/security/recovery-codes", data=fresh)
        assert again.status_code == 200
        removed = await owner.http.post("/settings/security/totp/removals", data=fresh)
        assert removed.headers["location"] == "/settings/security"

    async def test_the_second_step_without_the_first_leads_to_it(self, hub: Hub, owner: Person) -> None:
        async with hub.browser() as http:
            assert (await http.get("/sign-in/second-step")).headers["location"] == "/sign-in"


@pytest.mark.parametrize("body", [{}, {"totp": 123456}, {"other": "x"}, {"totp": "1" * 21}])
async def test_what_is_no_code_is_422(hub: Hub, owner: Person, body: dict[str, object]) -> None:
    await with_app(owner)
    async with hub.browser() as http:
        await http.post("/api/v1/sessions", json=CREDENTIALS)
        assert (await http.post(SECOND, json=body)).status_code == 422


def test_an_app_gives_another_code_each_time() -> None:
    app = App("JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP")
    assert len({app.code() for _ in range(3)}) == 3
