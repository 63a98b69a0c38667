"""The first owner, made in a terminal."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
import time
from pathlib import Path

import pytest

from basefly.base import settings
from basefly.cli.exits import Failure
from basefly.cli.signin import setup
from tests.cli.conftest import PASSWORD
from tests.cli.shell import Shell
from tests.cli.world import World, hub
from tests.conftest import TEMPLATE, Server, _database

WORDS = ("--email", "mia@example.com", "--name", "Mia", "--organization", "Acme", "--password-stdin")


@pytest.mark.parametrize(
    ("link", "read"),
    [
        ("http://127.0.0.1:8080/setup#abc_-9\n", ("http://127.0.0.1:8080", "abc_-9")),
        ("https://h/basefly/setup#x", ("https://h/basefly", "x")),
    ],
)
def test_a_link_is_an_address_and_a_secret(link: str, read: tuple[str, str]) -> None:
    assert setup.read_link(link) == read


@pytest.mark.parametrize("link", ["", "http://h/setup", "http://h/#x", "ftp://h/setup#x", "setup#x", "http://h/setup#"])
def test_what_is_no_link(link: str) -> None:
    with pytest.raises(Failure, match="no set-up link"):
        setup.read_link(link)


@pytest.mark.parametrize(
    "environ",
    [
        {"HOME": "/home/mia"},
        {"HOME": "/home/mia", "XDG_DATA_HOME": "/data"},
        {"HOME": "/home/mia", "XDG_DATA_HOME": "relative"},
        {"HOME": "/home/mia", "BASEFLY_DATA_DIR": "/srv/basefly"},
    ],
)
def test_the_data_folder_is_where_the_hub_has_it(environ: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HOME", "XDG_DATA_HOME", "BASEFLY_DATA_DIR"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    assert setup.folder() == settings.load(environ).data_dir


class TestSetUp:
    def test_no_link_here(self, shell: Shell, tmp_path: Path) -> None:
        ran = shell("setup", "--data-dir", str(tmp_path))
        assert ran.code == 5
        assert f"There is no set-up link in {tmp_path}." in ran.err

    def test_a_hub_that_has_its_owner(self, shell: Shell, world: World) -> None:
        ran = shell("setup", "--link", f"{world.url}/setup#{'x' * 64}", *WORDS, stdin="seven herons at the quay\n")
        assert ran.code == 4
        assert "This set-up link is not valid (any more)." in ran.err

    def test_a_hub_that_is_away(self, shell: Shell) -> None:
        assert shell("setup", "--link", "http://127.0.0.1:1/setup#x", *WORDS, stdin="x\n").code == 6

    def test_questions_at_a_terminal(self, postgres: Server, tmp_path: Path) -> None:
        databases = _database(postgres, template=TEMPLATE)
        with hub(next(databases).application, tmp_path / "data") as url:
            outer, inner = pty.openpty()
            environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "TERM": "dumb"}
            command = [sys.executable, "-m", "basefly", "setup", "--data-dir", str(tmp_path / "data")]
            with subprocess.Popen(command, env=environment, stdin=inner, stdout=inner, stderr=inner) as process:
                for answer in ("Acme", "Mia", "mia@example.com", PASSWORD, PASSWORD):
                    time.sleep(0.5)
                    os.write(outer, f"{answer}\n".encode())
                code = process.wait(60)
            told = os.read(outer, 65536).decode()
        next(databases, None)
        assert code == 0, told
        assert f"Mia owns {url}." in told
        assert PASSWORD not in told
