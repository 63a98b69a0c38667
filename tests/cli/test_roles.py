"""Roles apart, as real processes over one database: each does its own, and says how it is."""

from __future__ import annotations

import os
import signal
import ssl
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from basefly.cli.diagnosis.remote import _processes
from e2e.plane.program import free_port
from tests.cli.conftest import PASSWORD, eventually
from tests.cli.shell import Shell
from tests.cli.world import World, _clusters
from tests.conftest import Urls

DEADLINE = 60.0  # s


class Apart:
    """Processes of one hub on this machine, which share a database and a data folder."""

    def __init__(self, urls: Urls, home: Path) -> None:
        self.home, self.port = home, free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        settings = {
            "DATABASE_URL": urls.superuser,
            "DATA_DIR": str(home / "data"),
            "PORT": str(self.port),
            "GATEWAY_PORT": str(free_port()),
            "LOG_FORMAT": "json",
        }
        self.environ = {**os.environ, **{f"BASEFLY_{name}": value for name, value in settings.items()}}

    @contextmanager
    def process(self, *words: str) -> Iterator[subprocess.Popen[bytes]]:
        """`basefly serve …`, ready; killed at the end of the block if it still runs."""
        health, log = free_port(), self.home / f"{'-'.join(words)}-{time.monotonic_ns()}.log"
        command = [sys.executable, "-m", "basefly", "serve", *words, "--health-port", str(health)]
        with log.open("wb") as out:
            process = subprocess.Popen(command, env=self.environ, stdout=out, stderr=out)
        ready = self.url if "web" in ",".join(words) else f"http://127.0.0.1:{health}"
        try:
            until(lambda: process.poll() is not None or _answers(f"{ready}/health/ready"))
            assert process.poll() is None, log.read_text()
            yield process
        finally:
            process.kill()
            process.wait()


def until(check: Callable[[], bool], within: float = DEADLINE) -> None:
    eventually(check, within=within)


def _answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=5).status_code == 200
    except httpx.TransportError:
        return False


@pytest.fixture
def apart(urls: Urls, tmp_path: Path) -> Apart:
    (tmp_path / "data").mkdir()
    return Apart(urls, tmp_path)


def test_a_hub_of_many_processes_survives_the_death_of_one(apart: Apart, tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    mia = Shell(tmp_path / "home", {"BASEFLY_URL": apart.url, "KUBECONFIG": str(tmp_path / "kubeconfig")})
    with _clusters() as (fleet, loop), ExitStack() as running:
        world = World(apart.url, apart.home / "data", "", tmp_path / "kubeconfig", fleet, loop)
        world.kubeconfig.write_text(fleet.kubeconfig())
        running.enter_context(apart.process("--role", "web"))
        words = ("--email", "mia@example.com", "--name", "Mia", "--organization", "Acme", "--password-stdin")
        mia.done("setup", "--data-dir", str(world.data), *words, stdin=f"{PASSWORD}\n")
        mia.done("clusters", "register", "--kubeconfig", str(world.kubeconfig))
        followers = {
            process.pid: process for process in (running.enter_context(apart.process("--role", "sync")) for _ in "ab")
        }
        until(lambda: sum(following(mia).values()) == len(fleet.clusters))
        until(lambda: followed(mia, world))

        busiest = max(following(mia).items(), key=lambda pair: pair[1])[0]
        followers[busiest].kill()
        world.call(lambda: fleet.clusters[0].api.delete("pods", *first(world)))
        until(lambda: followed(mia, world))
        until(lambda: list(following(mia).values()) == [len(fleet.clusters)])
        assert mia("doctor", "--json").json["findings"], "whoever asks hears of it"

        (survivor,) = (process for pid, process in followers.items() if pid != busiest)
        survivor.send_signal(signal.SIGTERM)
        assert survivor.wait(20) == 0
        told = mia("processes")
        assert [row[1] for row in told.rows[1:]] == ["web"]
        assert told.err.count("none with the role sync is running") == len(fleet.clusters)


def first(world: World) -> tuple[str, str]:
    """A pod of the first cluster: its name and namespace."""
    meta = world.fleet.clusters[0].api.list("pods")[0]["metadata"]
    return meta["name"], meta["namespace"]


def following(mia: Shell) -> dict[int, int]:
    """How many clusters each process with the role sync follows, by its pid."""
    items = mia("processes", "-o", "json").json["items"]
    return {int(one["name"].split("/")[1]): one["clusters"] for one in items if "sync" in one["roles"]}


def followed(mia: Shell, world: World) -> bool:
    """Whether the inventory shows exactly the pods that there are."""
    ran = mia("get", "pods", "-A", "-o", "json")
    shown = [(one["cluster"]["name"], one["name"]) for one in ran.json["items"]] if ran.code == 0 else []
    true = world.call(
        lambda: [(c.name, pod["metadata"]["name"]) for c in world.fleet.clusters for pod in c.api.list("pods")]
    )
    return sorted(shown) == sorted(true)


def test_a_process_without_pages_tells_only_how_it_is(apart: Apart) -> None:
    with apart.process("--role", "worker,gateway") as process:
        port = str(process.args[-1])  # type: ignore[index]  # a list, as it was given
        for path, status in (("/health/live", 200), ("/health/ready", 200), ("/metrics", 401), ("/api/v1/me", 404)):
            assert httpx.get(f"http://127.0.0.1:{port}{path}").status_code == status, path
        gateway = int(apart.environ["BASEFLY_GATEWAY_PORT"])
        unchecked = ssl._create_unverified_context()  # noqa: S323  # its authority is made anew for each hub
        until(lambda: httpx.get(f"https://127.0.0.1:{gateway}/", verify=unchecked).status_code == 401)
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0


@pytest.mark.parametrize(
    ("words", "given", "cure"),
    [
        ((), {}, "--role"),
        (("--role", "sinc"), {}, "web, sync, worker, gateway"),
        (("--role", "web", "--region", "eu"), {}, "add the role sync"),
        (("--role", "sync"), {"BASEFLY_DATABASE_URL": ""}, "basefly up"),
    ],
)
def test_what_cannot_be_run_says_what_can(
    apart: Apart, words: tuple[str, ...], given: dict[str, str], cure: str
) -> None:
    command = [sys.executable, "-m", "basefly", "serve", *words]
    ran = subprocess.run(command, env=apart.environ | given, capture_output=True, text=True, timeout=60, check=False)
    assert ran.returncode == 1
    assert cure in ran.stderr
    assert "Traceback" not in ran.stderr


def test_a_gateway_whose_port_is_taken_says_which_setting_cures_it(apart: Apart) -> None:
    apart.environ["BASEFLY_GATEWAY_PORT"] = str(apart.port)
    with apart.process("--role", "web"):
        command = [sys.executable, "-m", "basefly", "serve", "--role", "gateway"]
        ran = subprocess.run(command, env=apart.environ, capture_output=True, text=True, timeout=60, check=False)
    assert ran.returncode == 1
    assert "BASEFLY_GATEWAY_PORT" in ran.stderr


def test_doctor_says_what_is_not_followed() -> None:
    running = [{"roles": ["web", "sync"]}, {"roles": ["sync"]}]
    lost: dict[str, Any] = {"name": "tokyo", "reason": "no process follows it"}
    assert _processes({"items": running, "unfollowed": []}).detail == "2 run: 2 sync, 1 web."
    found = _processes({"items": running, "unfollowed": [lost]})
    assert (found.state, "tokyo: no process follows it" in found.detail) == ("wrong", True)
    assert msgspec.json.encode(found._asdict())
