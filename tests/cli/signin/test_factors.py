"""Factors and sessions from a terminal, and signing in with a second step."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from tests.cli.conftest import PASSWORD
from tests.cli.shell import Shell
from tests.cli.world import World
from tests.core.factors.authenticator import Authenticator
from tests.core.factors.people import App

MIA = {"email": "mia@example.com", "password": PASSWORD}
ME = ("--email", "mia@example.com", "--password-stdin")


class Mine(App):
    """Mia's authenticator app, with its recovery codes."""

    def __init__(self, url: str) -> None:
        with httpx.Client(base_url=f"{url}/api/v1") as http:
            http.post("/sessions", json=MIA).raise_for_status()
            super().__init__(http.post("/me/factors/totp").raise_for_status().json()["secret"])
            answer = http.post("/me/factors/totp/confirmations", json={"code": self.code()}).raise_for_status()
            self.codes: list[str] = answer.json()["recovery_codes"]
            http.delete("/sessions/current")


@pytest.fixture
def app(world: World, mia: Shell) -> Iterator[Mine]:
    """Set up for the test, and removed by it or in the end: others sign in without."""
    app = Mine(world.url)
    yield app
    if mia.done("account", "factors", "-o", "json").json["totp"]:
        mia.done("account", "remove-factor", "app", *ME, "--yes", "--code", app.codes[-1], stdin=f"{PASSWORD}\n")


def test_signing_in_takes_a_code_once(app: Mine, shell: Shell, world: World) -> None:
    fresh = Shell(shell.home, {"BASEFLY_URL": world.url})
    without = fresh("login", *ME, stdin=f"{PASSWORD}\n")
    assert without.code == 2
    assert "try: Give it with --code." in without.err
    code = app.code()
    fresh.done("login", *ME, "--code", code, stdin=f"{PASSWORD}\n")
    assert fresh.done("whoami").out.startswith("Mia ")
    again = fresh("login", *ME, "--code", code, stdin=f"{PASSWORD}\n")
    assert again.code == 3
    assert "This code is wrong." in again.err
    fresh.done("login", *ME, "--code", app.codes[0], stdin=f"{PASSWORD}\n")


def test_factors_are_listed_and_removed(app: Mine, mia: Shell) -> None:
    listed = mia.done("account", "factors")
    assert listed.rows[1][0] == "app"
    assert "10 recovery codes are left." in listed.err
    assert (
        mia("account", "remove-factor", "phone", *ME, "--yes", "--code", app.codes[0], stdin=f"{PASSWORD}\n").code == 5
    )
    mia.done("account", "remove-factor", "app", *ME, "--yes", "--code", app.codes[1], stdin=f"{PASSWORD}\n")
    assert "You have no second factor." in mia.done("account", "factors").err


def test_a_passkey_is_called_otherwise(world: World, mia: Shell) -> None:
    """Made over the API with devices of their own, for a terminal makes none."""
    with httpx.Client(base_url=f"{world.url}/api/v1") as http:
        http.post("/sessions", json=MIA).raise_for_status()
        for _ in "12":
            device = Authenticator(world.url.replace("127.0.0.1", "localhost"))
            options = http.post("/me/passkeys/challenges").raise_for_status().json()
            http.post("/me/passkeys", json={"credential": device.create(options)}).raise_for_status()
        try:
            several = mia("account", "rename-passkey", "Passkey", "laptop")
            assert (several.code, "Several passkeys go by" in several.err) == (2, True)
            (first, second) = [each["id"] for each in mia.done("account", "factors", "-o", "json").json["passkeys"]]
            assert mia.done("account", "rename-passkey", first, "laptop").out == f"{first} is laptop now.\n"
            assert [row[0] for row in mia.done("account", "factors").rows[1:]] == ["laptop", "Passkey"]
            assert second in mia.done("account", "factors").out
            assert mia("account", "rename-passkey", "phone", "laptop").code == 5
        finally:
            for each in http.get("/me/factors").json()["passkeys"]:
                http.delete(f"/me/passkeys/{each['id']}").raise_for_status()
            http.delete("/sessions/current")


def test_sessions_are_listed_and_ended(mia: Shell, world: World) -> None:
    with httpx.Client(base_url=f"{world.url}/api/v1") as http:
        http.post("/sessions", json=MIA).raise_for_status()
        (session,) = [each["id"] for each in mia.done("account", "sessions", "-o", "json").json["items"]]
        assert session in mia.done("account", "sessions").out
        mia.done("account", "end-session", session, "--yes")
        assert http.get("/me").status_code == 401
    assert mia("account", "end-session", session, "--yes").code == 5


def test_an_operator_makes_a_link(world: World, tmp_path: object) -> None:
    """Where no hub has been, it is said; tests/cli/test_server.py makes one beside a hub."""
    ran = Shell(world.data.parent / "home", {"BASEFLY_DATA_DIR": f"{tmp_path}/nowhere"})(
        "reset-link", "mia@example.com"
    )
    assert ran.code == 1
    assert "There is no hub in" in ran.err
