"""Links by mail: through a real relay, with the hub's own outbox between."""

from __future__ import annotations

import statistics
import time
from datetime import UTC, datetime

import pytest

from basefly.base.runtime.house import House
from basefly.core.identity.mail.outbox import Postman
from tests.core.factors.people import CREDENTIALS, with_app
from tests.core.identity.post import RELAY, Mailbox, deliver, served
from tests.people import PASSWORD, Hub, Person

NEW = "eight storks on the roof"


@pytest.fixture
def house(relayed: House) -> House:
    return relayed


async def reset_secret(hub: Hub, mailbox: Mailbox, email: str = "mia@example.com") -> str:
    async with hub.browser() as http:
        assert (await http.post("/api/v1/password-resets", json={"email": email})).status_code == 202
    await deliver(hub)
    return mailbox.secret()


class TestReset:
    async def test_works_once_ends_all_sessions_and_leaves_a_trace(
        self, hub: Hub, owner: Person, viewer: Person, mailbox: Mailbox
    ) -> None:
        secret = await reset_secret(hub, mailbox, "vic@example.com")
        async with hub.browser() as http:
            wish = {"token": secret, "password": NEW}
            answers = [(await http.post("/api/v1/password-resets/redemptions", json=wish)).status_code for _ in "12"]
            assert answers == [204, 403]
            vic = {"email": "vic@example.com"}
            assert (await http.post("/api/v1/sessions", json=vic | {"password": PASSWORD})).status_code == 401
            assert (await http.post("/api/v1/sessions", json=vic | {"password": NEW})).status_code == 201
        assert (await viewer.http.get("/api/v1/me")).status_code == 401
        (found,) = (await owner.http.get("/api/v1/audit?act=password.reset")).json()["items"]
        assert found["detail"] == {"sessions_ended": 1}
        await deliver(hub)
        assert mailbox.mails[-1]["Subject"] == "Your Basefly password was changed"

    async def test_does_not_get_past_the_second_factor(self, hub: Hub, owner: Person, mailbox: Mailbox) -> None:
        await with_app(owner)
        secret = await reset_secret(hub, mailbox)
        async with hub.browser() as http:
            answer = await http.post("/api/v1/password-resets/redemptions", json={"token": secret, "password": NEW})
            assert answer.status_code == 204
            assert "set-cookie" not in answer.headers
            assert (await http.post("/api/v1/sessions", json=CREDENTIALS | {"password": NEW})).status_code == 202

    async def test_an_unknown_address_reads_the_same_and_gets_nothing(
        self, hub: Hub, owner: Person, mailbox: Mailbox
    ) -> None:
        async with hub.browser() as http:
            known = await http.post("/api/v1/password-resets", json={"email": "mia@example.com"})
            unknown = await http.post("/api/v1/password-resets", json={"email": "nobody@example.com"})
        await deliver(hub)
        assert known.status_code == unknown.status_code == 202
        assert known.content == unknown.content
        assert [mail["To"] for mail in mailbox.mails] == ["mia@example.com"]

    async def test_an_unknown_address_takes_the_same_time(self, hub: Hub, owner: Person) -> None:
        async with hub.browser() as http:

            async def took(email: str) -> float:
                began = time.perf_counter()
                assert (await http.post("/api/v1/password-resets", json={"email": email})).status_code == 202
                return time.perf_counter() - began

            await took("warm@example.com")
            known = [await took("mia@example.com") for _ in range(5)]
            unknown = [await took("nobody@example.com") for _ in range(5)]
        assert 0.3 < statistics.median(known) / statistics.median(unknown) < 3.4

    async def test_asking_is_limited_by_address(self, hub: Hub, owner: Person) -> None:
        for email in ("mia@example.com", "nobody@example.com"):
            async with hub.browser() as http:
                codes = [
                    (await http.post("/api/v1/password-resets", json={"email": email})).status_code for _ in range(6)
                ]
            assert codes == [202] * 5 + [429]

    async def test_a_weak_password_leaves_the_link_good(self, hub: Hub, owner: Person, mailbox: Mailbox) -> None:
        secret = await reset_secret(hub, mailbox)
        async with hub.browser() as http:
            path = "/api/v1/password-resets/redemptions"
            weak = await http.post(path, json={"token": secret, "password": "password1234"})
            assert weak.status_code == 422
            assert (await http.post(path, json={"token": secret, "password": NEW})).status_code == 204

    @pytest.mark.parametrize("change", ["expires_at = now()", "purpose = 'verification'"])
    async def test_old_and_other_links_are_refused(
        self, hub: Hub, owner: Person, mailbox: Mailbox, change: str
    ) -> None:
        secret = await reset_secret(hub, mailbox)
        async with hub.house.db.transaction(owner.by.org_id) as tx:
            assert await tx.value("select expires_at - created_at = interval '1 hour' from account_links")
            await tx.execute(f"update account_links set created_at = now() - interval '2 h', {change}")
        async with hub.browser() as http:
            wish = {"token": secret, "password": NEW}
            assert (await http.post("/api/v1/password-resets/redemptions", json=wish)).status_code == 403

    async def test_the_secret_lies_nowhere(
        self, hub: Hub, owner: Person, mailbox: Mailbox, capfd: pytest.CaptureFixture[str]
    ) -> None:
        secret = await reset_secret(hub, mailbox)
        async with hub.house.db.transaction(owner.by.org_id) as tx:
            rows = await tx.all(
                str, "select row(m.*)::text from mails m union all select row(l.*)::text from account_links l"
            )
        assert len(rows) == 2
        assert not [row for row in rows if secret in row]
        assert secret not in (await owner.http.get("/api/v1/audit")).text
        async with hub.browser() as http:
            await http.post("/api/v1/password-resets/redemptions", json={"token": secret, "password": NEW})
        logged = capfd.readouterr()
        assert "/api/v1/password-resets/redemptions" in logged.out + logged.err
        assert secret not in logged.out + logged.err
        assert NEW not in logged.out + logged.err

    async def test_pages_lead_through(self, hub: Hub, owner: Person, mailbox: Mailbox) -> None:
        async with hub.browser() as http:
            assert 'name="email"' in (await http.get("/forgot-password")).text
            asked = await http.post("/forgot-password", data={"email": "mia@example.com"})
            assert "an e-mail is on its way" in asked.text
            await deliver(hub)
            assert f"/reset-password#{mailbox.secret()}" in mailbox.mails[-1].get_content()
            page = (await http.get("/reset-password")).text
            assert 'name="token"' in page
            weak = await http.post("/reset-password", data={"token": mailbox.secret(), "password": "password1234"})
            assert weak.status_code == 422
            done = await http.post("/reset-password", data={"token": mailbox.secret(), "password": NEW})
            assert "every session has ended" in done.text


class TestEmail:
    async def test_changes_once_the_new_one_is_shown_and_tells_the_old(
        self, hub: Hub, owner: Person, mailbox: Mailbox
    ) -> None:
        assert (await owner.http.post("/api/v1/me/email", json={"email": " Mia.New@example.com"})).status_code == 202
        await deliver(hub)
        assert mailbox.mails[-1]["To"] == "mia.new@example.com"
        assert (await owner.http.get("/api/v1/me")).json()["email"] == "mia@example.com"
        async with hub.browser() as http:
            body = {"token": mailbox.secret()}
            answers = [(await http.post("/api/v1/email-verifications", json=body)).status_code for _ in "12"]
        assert answers == [204, 403]
        assert (await owner.http.get("/api/v1/me")).json()["email"] == "mia.new@example.com"
        await deliver(hub)
        assert (mailbox.mails[-1]["To"], mailbox.mails[-1]["Subject"]) == (
            "mia@example.com",
            "Your Basefly address was changed",
        )
        acts = [item["act"] for item in (await owner.http.get("/api/v1/audit?act=email")).json()["items"]]
        assert acts == ["email.verified", "email.asked"]

    async def test_one_s_own_is_verified(self, hub: Hub, owner: Person, mailbox: Mailbox) -> None:
        assert "not verified" in (await owner.http.get("/settings/security")).text
        await owner.http.post("/api/v1/me/email", json={"email": "mia@example.com"})
        await deliver(hub)
        async with hub.browser() as http:
            done = await http.post("/verify-email", data={"token": mailbox.secret()})
        assert done.status_code == 200
        assert "not verified" not in (await owner.http.get("/settings/security")).text
        await deliver(hub)
        assert len(mailbox.mails) == 1

    async def test_another_s_address_reads_the_same_and_gets_nothing(
        self, hub: Hub, owner: Person, viewer: Person, mailbox: Mailbox
    ) -> None:
        answer = await owner.http.post("/api/v1/me/email", json={"email": "vic@example.com"})
        assert answer.status_code == 202
        await deliver(hub)
        assert mailbox.mails == []


class TestNews:
    async def test_of_factors_and_the_password_go_to_their_person(
        self, hub: Hub, owner: Person, mailbox: Mailbox
    ) -> None:
        await with_app(owner)
        await owner.http.put("/api/v1/me/password", json={"current": PASSWORD, "new": NEW})
        await owner.http.delete("/api/v1/me/factors/totp")
        await deliver(hub)
        assert [(mail["To"], mail["Subject"]) for mail in mailbox.mails] == [
            ("mia@example.com", "Your Basefly sign-in was changed"),
            ("mia@example.com", "Your Basefly password was changed"),
            ("mia@example.com", "Your Basefly sign-in was changed"),
        ]


class TestOutbox:
    async def test_a_dead_relay_loses_nothing(self, hub: Hub, owner: Person) -> None:
        async with hub.browser() as http:
            await http.post("/api/v1/password-resets", json={"email": "mia@example.com"})
        await deliver(hub)  # nobody listens there
        async with hub.house.db.transaction() as tx:
            waiting = "select attempts, error, sent_at is null, available_at > now() + interval '50 s' from mails"
            row = await tx.value(f"select row(w.*)::text from ({waiting}) w")
            assert row.startswith("(1,")
            assert "cannot be reached" in row
            assert row.endswith(",t,t)")
            await tx.execute("update mails set available_at = now()")
        mailbox = Mailbox()
        async with await served(mailbox, RELAY):
            await deliver(hub)
        assert len(mailbox.mails) == 1
        async with hub.house.db.transaction() as tx:
            assert await tx.value("select sent_at is not null from mails")
        async with hub.house.db.transaction(owner.by.org_id) as tx:  # the link's hour began at its sending
            begun = await tx.value("select max(created_at) from account_links")
        assert (datetime.now(UTC) - begun).total_seconds() < 30

    async def test_is_given_up_after_a_day_and_says_so(self, hub: Hub, owner: Person, mailbox: Mailbox) -> None:
        mailbox.answer = "451 come back later"
        async with hub.browser() as http:
            await http.post("/api/v1/password-resets", json={"email": "mia@example.com"})
        async with hub.house.db.transaction() as tx:
            await tx.execute("update mails set created_at = now() - interval '25 h'")
        await deliver(hub)
        mailbox.answer = "250 taken"
        async with hub.house.db.transaction() as tx:
            assert await tx.value("select given_up_at is not null from mails")
            await tx.execute("update mails set available_at = now()")
        await deliver(hub)
        assert mailbox.mails == []

    async def test_two_hubs_send_it_once(self, hub: Hub, owner: Person, mailbox: Mailbox) -> None:
        async with hub.browser() as http:
            await http.post("/api/v1/password-resets", json={"email": "mia@example.com"})
        one, other = Postman(hub.house), Postman(hub.house)
        assert [await one.deliver(), await other.deliver()] == [True, False]
        assert len(mailbox.mails) == 1
