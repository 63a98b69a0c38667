"""Known secrets go in at every door; then nothing that the hub wrote or told holds one of them in clear."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import psycopg
import pytest

from basefly.app import routed
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
    began = _position(urls)
    async with AsyncExitStack() as stack:
        for route in routes(routed()):
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
    assert found((await hub.metrics()).encode(), canaries) == []
    assert found(_server_log(urls), canaries) == []
    written_ahead = _written_ahead(urls, began)
    assert owner.by.email.encode() in written_ahead, "what is no secret is found there as it was written"
    assert found(written_ahead, canaries) == []


def _dump(urls: Urls) -> bytes:
    """Every row of every table, as PostgreSQL writes it."""
    with psycopg.connect(urls.superuser) as connection:
        tables = connection.execute(
            "select c.oid::regclass::text from pg_class c where relnamespace = 'public'::regnamespace and relkind = 'r'"
        ).fetchall()
        rows = [str(row) for (table,) in tables for row in connection.execute(f"select t::text from {table} t")]
    assert len(rows) > 50
    return "\n".join(rows).encode()


def _position(urls: Urls) -> str:
    """How far PostgreSQL has written ahead."""
    with psycopg.connect(urls.superuser) as connection:
        return _one(connection, "select pg_current_wal_lsn()")


def _written_ahead(urls: Urls, since: str) -> bytes:
    """What PostgreSQL wrote ahead since then, as it lies in its files, without the headers that part it into pages."""
    with psycopg.connect(urls.superuser) as connection:
        connection.execute("select pg_switch_wal()")
        folder = Path(_one(connection, "show data_directory")) / "pg_wal"
        first, last = (
            _one(connection, f"select pg_walfile_name({at})") for at in (f"'{since}'", "pg_current_wal_lsn()")
        )
    segments = [each.read_bytes() for each in sorted(folder.iterdir()) if first <= each.name <= last]
    assert segments
    return b"".join(
        segment[start + (24 if start else 40) : start + 8192]
        for segment in segments
        for start in range(0, len(segment), 8192)
    )


def _server_log(urls: Urls) -> bytes:
    """What PostgreSQL has told its operator."""
    with psycopg.connect(urls.superuser) as connection:
        log = (Path(_one(connection, "show data_directory")).parent / "postgres.log").read_bytes()
    assert b"ready to accept connections" in log
    return log


def _one(connection: psycopg.Connection, sql: str) -> str:
    row = connection.execute(sql).fetchone()
    assert row
    return str(row[0])
