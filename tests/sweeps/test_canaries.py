"""Known secrets go in at every door; then nothing that the hub wrote or told holds one of them in clear."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Mapping
from contextlib import AsyncExitStack
from typing import Any

import psycopg
import pytest

from basefly.app import create_app
from tests.conftest import Urls
from tests.isolation.asking import forgive, with_session
from tests.isolation.routes import Sent, fill, routes
from tests.isolation.world import absent, word
from tests.people import Hub, Person, join

# Names under which secrets come in. Who adds such a field to a body or a form finds it swept.
PASSWORD = {"password", "current", "new"}
SECRET = {*PASSWORD, "token", "client_secret", "kubeconfig", "secret", "code", "credentials"}

# Pages that give back what was pasted a moment ago, to whoever pasted it, so that a mistake costs no new paste;
# never a password.
GIVEN_BACK = {
    "POST /connect",
    "POST /device",
    "POST /invitation",
    "POST /reset-password",
    "POST /setup",
    "POST /verify-email",
}


def planted(sent: Sent, canaries: Mapping[str, str]) -> Sent:
    """The request with a canary in every field that takes a secret."""

    def plant(value: Any, name: str = "") -> Any:
        if isinstance(value, dict):
            return {key: plant(each, key) for key, each in value.items()}
        return canaries[kind(name)] if name in SECRET and isinstance(value, str) else value

    json = plant(sent.json)
    form = {**sent.form, **{name: canaries[kind(name)] for name in SECRET}} if sent.form is not None else None
    return Sent(sent.method, sent.url, sent.params, json, form, sent.values)


def kind(name: str) -> str:
    """Which canary goes into a field."""
    return "password" if name in PASSWORD else "sent"


def forms(canary: str) -> set[bytes]:
    """A secret as it would lie about: as it is, as hexadecimal digits, and inside base64 at each of three offsets."""
    raw = canary.encode()
    coded = {base64.b64encode(b" " * offset + raw)[4:-4] for offset in range(3)}
    return {raw, raw.hex().encode(), *coded}


def found(text: bytes, canaries: Mapping[str, str]) -> list[str]:
    return sorted(name for name, canary in canaries.items() if any(form in text for form in forms(canary)))


def test_a_canary_is_found_in_each_form() -> None:
    canaries = {"one": "c4nary-" + secrets.token_hex(12)}
    for form in forms(canaries["one"]):
        assert found(b"xx" + form + b"yy", canaries) == ["one"]
    assert found(base64.b64encode(b"name: c, token: " + canaries["one"].encode() + b" end"), canaries) == ["one"]
    assert found(b"nothing here", canaries) == []


async def test_no_secret_lies_about(hub: Hub, owner: Person, urls: Urls, capfd: pytest.CaptureFixture[str]) -> None:
    token = (await owner.http.post("/api/v1/tokens", json={"name": "canary"})).json()["token"]
    canaries = {
        "sent": "c4nary-" + secrets.token_urlsafe(24),
        "password": "c4nary-" + secrets.token_urlsafe(24),
        "session": owner.secret,
        "token": token,
        "master key": (hub.house.settings.data_dir / "encryption.key").read_text().strip(),
    }
    told: list[str] = []
    async with AsyncExitStack() as stack:
        for route in routes(create_app(hub.house)):
            await forgive(hub.house.db)
            person = owner
            if route.unsafe:
                person = await stack.enter_async_context(join(hub, word(), "owner", owner.by.org_id))
            answer = await with_session(person).ask(route, planted(fill(route, absent().ways[0]), canaries))
            leaked = set(found(answer.raw.encode(), canaries)) - ({"sent"} if route.key in GIVEN_BACK else set())
            if leaked:
                told.append(f"{route.key}: {sorted(leaked)}")
        answer_ = await owner.http.get("/api/v1/me", headers=owner.bearer(token))
        assert answer_.status_code == 200
    written = capfd.readouterr()
    logged = (written.out + written.err).encode()
    assert b"path=" in logged or b'"path"' in logged, "the log was captured"
    assert told == []
    assert found(logged, canaries) == []
    assert found(_dump(urls), canaries) == []


def _dump(urls: Urls) -> bytes:
    """Every row of every table, as PostgreSQL writes it."""
    with psycopg.connect(urls.superuser) as connection:
        tables = connection.execute(
            "select c.oid::regclass::text from pg_class c where relnamespace = 'public'::regnamespace and relkind = 'r'"
        ).fetchall()
        rows = [str(row) for (table,) in tables for row in connection.execute(f"select t::text from {table} t")]
    assert len(rows) > 50
    return "\n".join(rows).encode()
