"""What the command line's tests share: someone at a shell, and a hub with two clusters to speak to."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.cli.shell import Shell
from tests.cli.world import World, running
from tests.conftest import TEMPLATE, Server, _database

PASSWORD = "seven herons at the quay"


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    """Someone with an empty home, signed in nowhere."""
    home = tmp_path / "home"
    home.mkdir()
    return Shell(home)


@pytest.fixture(scope="session")
def world(postgres: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A hub of which Mia is the owner, and which follows the clusters sim-1 and sim-2."""
    databases = _database(postgres, template=TEMPLATE)
    folder = tmp_path_factory.mktemp("world")
    with running(next(databases).application, folder) as started:
        (folder / "home").mkdir()
        mia = at(started, folder / "home")
        words = ("--email", "mia@example.com", "--name", "Mia", "--organization", "Acme", "--password-stdin")
        mia.done("setup", "--data-dir", str(started.data), *words, stdin=f"{PASSWORD}\n")
        mia.done("clusters", "register", "--kubeconfig", str(started.kubeconfig))
        eventually(lambda: len(mia("get", "pods", "-A", "-o", "name").out.split()) == len(started.pods()))
        followed(mia)
        yield started
    next(databases, None)


@pytest.fixture
def mia(world: World) -> Shell:
    """The owner, signed in."""
    return at(world, world.data.parent / "home")


def at(world: World, home: Path) -> Shell:
    """A shell on the hub's machine."""
    return Shell(home, {"BASEFLY_URL": world.url, "KUBECONFIG": str(world.kubeconfig)})


def followed(mia: Shell) -> None:
    """Wait until both clusters are read to the last kind that the tests ask for.

    Each kind arrives by itself, and a cluster that was down is left in peace for a while first.
    """
    asked = (("get", "nodes"), ("get", "pods", "-A"), ("workloads",), ("images",), ("events", "--grouped", "3h"))
    eventually(lambda: all(mia(*words).code == 0 for words in asked), within=90)


def eventually(check: Callable[[], bool], within: float = 30.0) -> None:
    """Wait until the check holds; fails when it does not in time."""
    until = time.monotonic() + within
    while not check():
        assert time.monotonic() < until, "it did not come about"
        time.sleep(0.1)
