"""A hub with two simulated clusters, one of them dead, and a Chromium to look at it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from e2e.browser import chromium
from e2e.hub import Hub
from e2e.plane.cluster import Cluster
from e2e.plane.program import Program, eventually

SEED = {"alive": 3, "dead": 5}


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with chromium() as running:
        yield running


@pytest.fixture(scope="session")
def empty_hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    """A hub as its owner first sees it."""
    with Hub.start(tmp_path_factory.mktemp("empty")) as hub:
        yield hub


@pytest.fixture(scope="session")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    """A hub that follows one cluster, and another that has died."""
    folder = tmp_path_factory.mktemp("hub")
    simulated = {name: _simulate(folder, name) for name in SEED}
    try:
        with Hub.start(folder) as running:
            for name in simulated:
                running.register(Cluster(folder / f"{name}.kubeconfig", "sim-1"), name=name)
                eventually(partial(_listed, running, name), seconds=30)
            simulated["dead"].kill()
            eventually(lambda: running.cluster("dead")["health"] == "unreachable", seconds=40)
            yield running
    finally:
        for program in simulated.values():
            program.kill()


def _simulate(folder: Path, name: str) -> Program:
    kubeconfig = folder / f"{name}.kubeconfig"
    command = [sys.executable, "-m", "basefly.sim", "--nodes=4", "--pods=60", f"--seed={SEED[name]}"]
    program = Program("simulator", [*command, f"--kubeconfig={kubeconfig}"], log=folder / f"{name}.log")
    program.start()
    program.wait_until(kubeconfig.exists, seconds=30)
    return program


def _listed(hub: Hub, cluster: str) -> bool:
    """Whether the first lists are in: pods are the largest of them."""
    return len(hub.objects("pods", cluster=cluster)) >= 50 and bool(hub.objects("events", cluster=cluster))
