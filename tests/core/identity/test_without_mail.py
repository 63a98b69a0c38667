"""A hub without a relay says what to set, and its operator can help."""

from __future__ import annotations

from basefly.core.identity.mail import links
from tests.people import Hub, Person


async def test_asking_says_what_to_set_whether_or_not_one_exists(hub: Hub, owner: Person) -> None:
    async with hub.browser() as http:
        for email in ("mia@example.com", "nobody@example.com"):
            answer = await http.post("/api/v1/password-resets", json={"email": email})
            assert answer.status_code == 409
            assert "BASEFLY_SMTP_URL" in answer.json()["cure"]
        assert "basefly reset-link" in (await http.get("/forgot-password")).text
    assert "BASEFLY_SMTP_URL" in (await owner.http.get("/settings/security")).text


async def test_an_operator_s_link_sets_the_password(hub: Hub, owner: Person) -> None:
    link = await links.operator_reset(hub.house, "Mia@example.com")
    assert link
    assert link.startswith(f"{hub.url}/reset-password#")
    async with hub.browser() as http:
        body = {"token": link.partition("#")[2], "password": "eight storks on the roof"}
        assert (await http.post("/api/v1/password-resets/redemptions", json=body)).status_code == 204
    assert (await owner.http.get("/api/v1/me")).status_code == 401
    assert await links.operator_reset(hub.house, "nobody@example.com") is None
