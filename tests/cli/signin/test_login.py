"""Signing in and out of a real hub, and tokens."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest

from tests.cli.conftest import PASSWORD
from tests.cli.shell import Shell
from tests.cli.world import World

ME = ("--email", "mia@example.com", "--password-stdin")


@pytest.fixture
def fresh(shell: Shell, world: World) -> Shell:
    """Someone at a machine where nobody has signed in yet."""
    return Shell(shell.home, {"BASEFLY_URL": world.url})


def kept(shell: Shell) -> Path:
    return shell.home / ".config/basefly/hubs.json"


class TestLogin:
    def test_a_password_becomes_a_token_of_this_machine(self, fresh: Shell, mia: Shell, world: World) -> None:
        ran = fresh.done("login", *ME, "--days", "7", stdin=f"{PASSWORD}\n")
        assert ran.out == f"Signed in to {world.url} as mia@example.com for 7 days.\n"
        assert PASSWORD not in kept(fresh).read_text()
        assert stat.S_IMODE(kept(fresh).stat().st_mode) == 0o600
        assert fresh.done("whoami").out == f"Mia <mia@example.com>\nowner of Acme at {world.url}\n"
        assert len(json.loads(kept(fresh).read_text())["hubs"]) == 1

    def test_the_address_is_remembered(self, fresh: Shell, world: World) -> None:
        Shell(fresh.home).done("login", world.url, *ME, stdin=f"{PASSWORD}\n")
        assert Shell(fresh.home).done("whoami").out.endswith(f"at {world.url}\n")

    def test_a_wrong_password(self, fresh: Shell) -> None:
        ran = fresh("login", "--email", "nobody@example.com", "--password-stdin", stdin="wrong\n")
        assert (ran.code, ran.out) == (3, "")
        assert ran.err == "error: The e-mail address or the password is wrong.\n  try: Check both and try again.\n"
        assert not kept(fresh).exists()

    def test_without_a_terminal_it_says_what_to_give(self, fresh: Shell) -> None:
        assert "try: Give it with --email." in fresh("login").err
        assert "try: Pipe it in with --password-stdin." in fresh("login", "--email", "mia@example.com").err

    def test_no_hub_is_told_before_a_password_is_typed(self, shell: Shell) -> None:
        ran = shell("login", "http://127.0.0.1:1", "--email", "mia@example.com")
        assert ran.code == 6
        assert "The hub at http://127.0.0.1:1 does not answer: connection refused; nothing listens there." in ran.err

    def test_a_password_over_an_open_line_is_warned_of(self, shell: Shell) -> None:
        ran = shell("login", "http://basefly.invalid", "--email", "mia@example.com")
        assert "warning: http://basefly.invalid is not encrypted" in ran.err
        assert ran.code == 6


class TestToken:
    def test_made_for_another_machine_and_revoked(self, fresh: Shell, mia: Shell, world: World) -> None:
        made = mia.done("tokens", "create", "ci", "--days", "1", "--password-stdin", stdin=f"{PASSWORD}\n")
        secret = made.out.strip()
        assert secret.startswith("basefly_")
        assert secret not in made.err
        assert "ci" in [row[0] for row in mia.done("tokens", "list").rows]
        assert fresh.done("whoami", "--json", BASEFLY_TOKEN=secret).json["email"] == "mia@example.com"
        fresh.done("login", "--token", "-", stdin=f"{secret}\n")
        assert fresh.done("tokens", "list", "-o", "name").out == mia.done("tokens", "list", "-o", "name").out
        mia.done("tokens", "revoke", "ci", "--yes")
        ran = fresh("whoami")
        assert (ran.code, ran.err) == (
            3,
            f"error: The hub no longer accepts your sign-in.\n  try: basefly login {world.url}\n",
        )

    def test_a_void_token_is_not_kept(self, fresh: Shell) -> None:
        assert fresh("login", "--token", "basefly_void").code == 3
        assert fresh("login", "--token", " ").code == 2
        assert not kept(fresh).exists()

    def test_one_that_is_not_there(self, mia: Shell) -> None:
        assert mia("tokens", "revoke", "nowhere", "--yes").code == 5

    def test_for_programs(self, mia: Shell) -> None:
        assert mia.done("tokens", "list", "-o", "json").json["items"]


class TestLogout:
    def test_the_token_ends_with_it(self, fresh: Shell, world: World) -> None:
        fresh.done("login", *ME, stdin=f"{PASSWORD}\n")
        secret = json.loads(kept(fresh).read_text())["hubs"][world.url]["token"]
        assert fresh.done("logout").out == f"Signed out of {world.url}.\n"
        assert fresh("whoami").code == 3
        assert fresh("whoami", BASEFLY_TOKEN=secret).code == 3

    def test_it_is_forgotten_here_though_the_hub_is_away(self, shell: Shell) -> None:
        kept(shell).parent.mkdir(parents=True)
        login = {"token": "basefly_x", "email": "mia@example.com", "token_id": "1"}
        kept(shell).write_text(json.dumps({"current": "http://127.0.0.1:1", "hubs": {"http://127.0.0.1:1": login}}))
        ran = shell("logout")
        assert ran.code == 6
        assert "its token is valid until it ends" in ran.err
        assert "basefly_x" not in kept(shell).read_text()

    def test_nobody_was_signed_in(self, fresh: Shell, world: World) -> None:
        assert fresh.done("logout").err == f"You were not signed in to {world.url}.\n"


def test_the_versions_of_both(mia: Shell, shell: Shell, world: World) -> None:
    assert mia.done("version").out.splitlines()[1].endswith(world.url)
    assert len(shell.done("version", BASEFLY_URL="http://127.0.0.1:1").out.splitlines()) == 1
