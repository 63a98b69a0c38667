"""The hub as a process: it says how to come in, and ends in order."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from aiosmtpd.controller import Controller

from e2e.plane.program import free_port
from tests.conftest import Urls
from tests.core.identity.post import Mailbox

SETUP = {"email": "mia@example.com", "name": "Mia", "password": "seven herons at the quay", "organization": "Acme"}


class Process:
    """A hub of its own on a port of its own."""

    def __init__(self, urls: Urls, home: Path) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        self.home = home
        settings = {"DATABASE_URL": urls.superuser, "DATA_DIR": str(home), "PORT": str(port), "LOG_FORMAT": "json"}
        self.environ = {**os.environ, **{f"BASEFLY_{name}": value for name, value in settings.items()}}

    @contextmanager
    def running(self) -> Iterator[subprocess.Popen[str]]:
        command = [sys.executable, "-m", "basefly", "up"]
        with subprocess.Popen(command, env=self.environ, stderr=subprocess.PIPE, text=True) as process:
            try:
                self._wait(process)
                yield process
            finally:
                process.kill()

    def _wait(self, process: subprocess.Popen[str]) -> None:
        deadline = time.monotonic() + 60
        while process.poll() is None and time.monotonic() < deadline:
            try:
                if httpx.get(f"{self.url}/health/ready").status_code == 200:
                    return
            except httpx.TransportError:
                time.sleep(0.1)
        raise AssertionError(f"the hub did not come up: {process.poll()}")


@pytest.fixture
def hub_process(urls: Urls, tmp_path: Path) -> Process:
    return Process(urls, tmp_path)


def ended(process: subprocess.Popen[str], number: int) -> str:
    """What it said, once it has ended after this signal."""
    process.send_signal(number)
    _, said = process.communicate(timeout=20)
    assert process.returncode == 0, said
    return said


def test_first_start_prints_the_link_and_a_later_one_how_to_sign_in(hub_process: Process) -> None:
    with hub_process.running() as process:
        link = (hub_process.home / "setup-link").read_text().strip()
        token = link.partition("#")[2]
        made = httpx.post(f"{hub_process.url}/api/v1/setup", json=SETUP | {"token": token})
        assert made.status_code == 201
        first = ended(process, signal.SIGTERM)
    assert link in first
    with hub_process.running() as process:
        second = ended(process, signal.SIGINT)
    assert f"Sign in at {hub_process.url}/sign-in" in second
    assert "/setup#" not in second
    for line in (line for line in (first + second).splitlines() if line.startswith("{")):
        assert token not in line
        assert SETUP["password"] not in line


def test_the_end_waits_for_no_stream(hub_process: Process) -> None:
    with hub_process.running() as process, httpx.Client(base_url=hub_process.url) as http:
        token = (hub_process.home / "setup-link").read_text().strip().partition("#")[2]
        http.post("/api/v1/setup", json=SETUP | {"token": token})
        with http.stream("GET", "/live?topic=audit/*") as stream:
            lines = stream.iter_lines()
            assert next(lines).startswith("retry")
            began = time.monotonic()
            process.send_signal(signal.SIGTERM)
            assert not [line for line in lines if line.startswith("event: changed")]
        process.communicate(timeout=20)
        assert process.returncode == 0
        assert time.monotonic() - began < 4


def test_the_master_key_is_replaced_while_the_hub_is_stopped(hub_process: Process) -> None:
    with hub_process.running() as process:
        ended(process, signal.SIGTERM)
    key = hub_process.home / "encryption.key"
    old = key.read_text()
    command = [sys.executable, "-m", "basefly", "rotate-key"]
    done = subprocess.run(command, env=hub_process.environ, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert "retired" in done.stdout + done.stderr
    assert key.read_text() != old
    assert old.strip() not in done.stdout + done.stderr
    with hub_process.running() as process:
        ended(process, signal.SIGTERM)


def test_a_port_that_is_taken_is_told_with_the_cure(hub_process: Process) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", int(hub_process.url.rpartition(":")[2])))
        other.listen()
        command = [sys.executable, "-m", "basefly", "up"]
        done = subprocess.run(command, env=hub_process.environ, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode != 0
    assert "BASEFLY_PORT" in done.stderr
    assert "Traceback" not in done.stderr


def test_an_operator_makes_a_link_beside_the_hub(hub_process: Process) -> None:
    with hub_process.running():
        link = (hub_process.home / "setup-link").read_text().strip()
        body = SETUP | {"token": link.partition("#")[2]}
        assert httpx.post(f"{hub_process.url}/api/v1/setup", json=body).status_code == 201
        made, unknown = (
            subprocess.run(
                [sys.executable, "-m", "basefly", "reset-link", email],
                env=hub_process.environ,
                capture_output=True,
                text=True,
                check=False,
            )
            for email in ("mia@example.com", "nobody@example.com")
        )
        assert (unknown.returncode, unknown.stdout) == (5, "")
        assert made.stdout.startswith(f"{hub_process.url}/reset-password#")
        wish = {"token": made.stdout.strip().partition("#")[2], "password": "eight storks on the roof"}
        assert httpx.post(f"{hub_process.url}/api/v1/password-resets/redemptions", json=wish).status_code == 204


def test_mail_goes_out_by_itself(hub_process: Process) -> None:
    mailbox, port = Mailbox(), free_port()
    relay = Controller(mailbox, hostname="127.0.0.1", port=port)
    relay.start()
    hub_process.environ |= {
        "BASEFLY_SMTP_URL": f"smtp+plain://127.0.0.1:{port}",
        "BASEFLY_MAIL_FROM": "basefly@example.com",
    }
    try:
        with hub_process.running():
            link = (hub_process.home / "setup-link").read_text().strip()
            body = SETUP | {"token": link.partition("#")[2]}
            assert httpx.post(f"{hub_process.url}/api/v1/setup", json=body).status_code == 201
            asked = httpx.post(f"{hub_process.url}/api/v1/password-resets", json={"email": "mia@example.com"})
            assert asked.status_code == 202
            deadline = time.monotonic() + 20
            while not mailbox.mails and time.monotonic() < deadline:
                time.sleep(0.1)
    finally:
        relay.stop()
    assert [mail["To"] for mail in mailbox.mails] == ["mia@example.com"]
    assert f"{hub_process.url}/reset-password#" in mailbox.mails[0].get_content()
