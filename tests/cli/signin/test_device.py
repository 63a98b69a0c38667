"""Signing a machine in from the browser: the real command in a process of its own, a person at the page."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from tests.cli.conftest import PASSWORD
from tests.cli.shell import Shell
from tests.cli.world import World


class Waiting:
    """`basefly login --device`, which has shown its code."""

    def __init__(self, process: subprocess.Popen[str], shown: list[str]) -> None:
        self.process = process
        self.address = shown[0].split()[1]
        self.code = shown[1].split()[1]

    def ended(self) -> tuple[int, str, str]:
        out, err = self.process.communicate(timeout=60)
        return self.process.returncode, out, err


@contextmanager
def waiting(home: Path, world: World) -> Iterator[Waiting]:
    given = {"PATH": os.environ["PATH"], "HOME": str(home), "BASEFLY_URL": world.url}
    command = [sys.executable, "-m", "basefly", "login", "--device"]
    with subprocess.Popen(
        command, env=given, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        try:
            yield Waiting(process, [process.stdout.readline(), process.stdout.readline()])
        finally:
            process.kill()


@pytest.fixture
def browser(world: World, mia: Shell) -> Iterator[httpx.Client]:
    """Mia, signed in in a browser."""
    with httpx.Client(base_url=world.url, timeout=30) as http:
        given = {"email": "mia@example.com", "password": PASSWORD}
        assert http.post("/api/v1/sessions", json=given).status_code == 201
        yield http


def decided(browser: httpx.Client, waiting: Waiting, act: str) -> str:
    page = browser.get(waiting.address, params={"code": waiting.code}).text
    csrf = re.search(r'name="csrf" value="([^"]+)"', page)
    assert csrf, page
    answer = browser.post("/device", data={"csrf": csrf[1], "code": waiting.code, "act": act})
    assert answer.status_code == 200, answer.text
    return page


def test_approved_in_the_browser_the_machine_is_signed_in(shell: Shell, world: World, browser: httpx.Client) -> None:
    with waiting(shell.home, world) as machine:
        page = decided(browser, machine, "approve")
        assert "basefly" in page
        code, out, err = machine.ended()
    assert code == 0, err
    assert out.startswith(f"Signed in to {world.url} as mia@example.com until ")
    kept = json.loads((shell.home / ".config/basefly/hubs.json").read_text())["hubs"][world.url]
    assert kept["token"] not in out + err
    here = Shell(shell.home, {"BASEFLY_URL": world.url})
    assert here.done("whoami").out.startswith("Mia <mia@example.com>")
    assert here.done("logout").out == f"Signed out of {world.url}.\n"
    assert here("whoami", BASEFLY_TOKEN=kept["token"]).code == 3


def test_refused_it_says_so_and_keeps_nothing(shell: Shell, world: World, browser: httpx.Client) -> None:
    with waiting(shell.home, world) as machine:
        decided(browser, machine, "refuse")
        code, out, err = machine.ended()
    assert (code, out) == (3, "")
    assert "Someone refused to sign this device in." in err
    assert not (shell.home / ".config/basefly/hubs.json").exists()
