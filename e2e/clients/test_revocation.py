"""What somebody has open through one hub process ends within ten seconds of their right being taken at another."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from functools import partial
from pathlib import Path
from uuid import uuid4

import httpx
import pytest

from e2e.clients.conftest import Reached
from e2e.hub import Hub
from e2e.plane.cluster import kubectl_binary
from e2e.plane.program import Program, eventually, free_port

MOST = 10.0  # s
PASSWORD = "nine gulls above the harbour"
POD = "watched"

Take = Callable[[Hub, str], object]
# What each loses, and what of theirs is open that needs it.
TAKEN: Mapping[str, tuple[Take, tuple[str, ...]]] = {
    "member removed": (lambda hub, who: hub.call("DELETE", f"/members/{who}"), ("watch", "log", "shell", "port")),
    "role taken": (lambda hub, who: hub.call("PATCH", f"/members/{who}", json={"role": "viewer"}), ("shell", "port")),
}


@pytest.fixture(scope="module")
def second(hub: Hub, folder: Path) -> Iterator[Hub]:
    """Another hub process over the same database."""
    with hub.beside(folder / "second") as running:
        yield running


@pytest.mark.parametrize("way", TAKEN)
def test_everything_open_ends(way: str, hub: Hub, second: Hub, reached: Reached, tmp_path: Path) -> None:
    reached.node.run(POD)
    take, ending = TAKEN[way]
    who, config = member(second, hub, reached.name, tmp_path)
    with ExitStack() as stack:
        running = {name: stack.enter_context(opened) for name, opened in everything(config, tmp_path).items()}
        take(hub, who)
        begun = time.monotonic()
        for name in ending:
            eventually(partial(_ended, running[name]), seconds=MOST - (time.monotonic() - begun))
        kept = set(running) - set(ending)
        assert all(running[name].running for name in kept)


def _ended(program: Program) -> bool:
    return not program.running


def member(second: Hub, first: Hub, cluster: str, folder: Path) -> tuple[str, Path]:
    """A new member who may do anything but govern; their id, and a kubeconfig of theirs through the second hub."""
    email = f"{uuid4().hex[:12]}@example.com"
    made = first.post("/members", {"email": email, "name": "Vic", "password": PASSWORD, "role": "admin"})
    with httpx.Client(base_url=second.url, headers={"Origin": second.url}, timeout=30) as session:
        session.post("/api/v1/sessions", json={"email": email, "password": PASSWORD}).raise_for_status()
        token = session.post("/api/v1/tokens", json={"name": "theirs", "expires_in_days": 1}).raise_for_status().json()
    config = folder / "kubeconfig"
    done = second.cli("kubeconfig", cluster, "--file", str(config), "--token", BASEFLY_TOKEN=token["token"])
    assert done.returncode == 0, done.stderr
    return made["id"], config


def everything(config: Path, folder: Path) -> dict[str, AbstractContextManager[Program]]:
    """What lasts until somebody ends it, each as a kubectl that is under way."""
    port = free_port()
    return {
        "watch": under_way(config, folder / "watch", "get", "pods", "-w", says=POD),
        "log": under_way(config, folder / "log", "logs", "-f", POD, says="hello"),
        "shell": under_way(config, folder / "shell", "exec", POD, "--", "sh", "-c", "echo open; sleep 60", says="open"),
        "port": under_way(config, folder / "port", "port-forward", f"pod/{POD}", f"{port}:9", says=f":{port}"),
    }


@contextmanager
def under_way(config: Path, log: Path, *words: str, says: str) -> Iterator[Program]:
    program = Program(words[0], [kubectl_binary(), "--kubeconfig", str(config), *words], log=log)
    program.start()
    try:
        program.wait_until(lambda: says in log.read_text(), seconds=20)
        yield program
    finally:
        program.kill()
