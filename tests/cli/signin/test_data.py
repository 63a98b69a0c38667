"""One's own data from a shell."""

from __future__ import annotations

import json
from pathlib import Path

import httpx

from tests.cli.conftest import PASSWORD, at
from tests.cli.shell import Shell
from tests.cli.world import World


def test_is_taken_along(mia: Shell, tmp_path: Path) -> None:
    file = tmp_path / "mine.json"
    mia.done("my-data", "--file", str(file))
    assert file.stat().st_mode & 0o777 == 0o600
    assert json.loads(file.read_text())["person"]["email"] == "mia@example.com"


def test_the_last_owner_is_not_forgotten(mia: Shell) -> None:
    ran = mia("erase-me", "--yes", "--password-stdin", stdin=f"{PASSWORD}\n")
    assert ran.code == 1
    assert "no owner" in ran.err
    mia.done("whoami")


def test_someone_is_forgotten(mia: Shell, world: World, tmp_path: Path) -> None:
    words = ("tokens", "create", "members", "--email", "mia@example.com", "--password-stdin")
    secret = mia.done(*words, stdin=f"{PASSWORD}\n").out.strip()
    member = {"email": "gus@example.com", "name": "Gus", "password": PASSWORD, "role": "viewer"}
    made = httpx.post(f"{world.url}/api/v1/members", json=member, headers={"Authorization": f"Bearer {secret}"})
    assert made.status_code == 201
    (tmp_path / "home").mkdir()
    gus = at(world, tmp_path / "home")
    gus.done("login", "--email", "gus@example.com", "--password-stdin", stdin=f"{PASSWORD}\n")
    assert "being forgotten" in gus.done("erase-me", "--yes", "--password-stdin", stdin=f"{PASSWORD}\n").out
    assert gus("whoami").code == 3
