"""A real cluster with a node of its own, reached directly and through the hub."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import NamedTuple
from uuid import uuid4

import pytest

from e2e.agent.program import Agent
from e2e.browser.fleet import let_in
from e2e.clients.binaries import built_kubelet
from e2e.clients.node import Node
from e2e.control_plane import ControlPlane
from e2e.hub import Hub

NAME = "clients"

Ways = Mapping[str, Callable[[Hub, ControlPlane, Path, str], AbstractContextManager[object]]]


@contextmanager
def _directly(hub: Hub, plane: ControlPlane, _: Path, name: str) -> Iterator[None]:
    hub.register(plane, name=name)
    yield


@contextmanager
def _by_agent(hub: Hub, plane: ControlPlane, folder: Path, name: str) -> Iterator[None]:
    with Agent.start(hub, plane, folder, name):
        yield
    plane.kubectl("delete", "secrets", "--namespace", "basefly", "--all")  # the next agent is another


# How the hub gets to the cluster: it is the same one each time, so that it must leave the hub between two ways.
REACHED: Ways = {"directly": _directly, "through an agent": _by_agent}


class Reached(NamedTuple):
    """A cluster that two kubeconfigs lead to; `environment` is what clients need to use the second.

    `name` is what the hub calls it.
    """

    name: str
    node: Node
    direct: Path
    through: Path
    environment: dict[str, str]


@pytest.fixture(scope="session")
def node(folder: Path) -> Iterator[Node]:
    binary = built_kubelet()
    if binary is None:
        pytest.skip("NO SHELLS ARE TESTED AGAINST A REAL API SERVER: there is no Go to build a kubelet's door with")
    with ControlPlane.start(folder / NAME, name=NAME) as plane, Node.start(plane, binary) as running:
        yield running


@pytest.fixture(scope="session", params=REACHED)
def reached(request: pytest.FixtureRequest, folder: Path, hub: Hub, node: Node) -> Iterator[Reached]:
    """The cluster behind the hub, by each way in which the hub may reach it."""
    name = f"{NAME}-{uuid4().hex[:6]}"
    with REACHED[request.param](hub, node.plane, folder / name, name):
        let_in(hub, node.plane)
        through = folder / f"{name}.kubeconfig"
        done = hub.cli("kubeconfig", name, "--file", str(through))
        assert done.returncode == 0, done.stderr
        path = os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"]))
        environment = {
            "PATH": path,
            "HOME": str(folder),
            "BASEFLY_TOKEN": hub.token,
            "PYTHONPATH": os.pathsep.join(sys.path),
        }
        yield Reached(name, node, node.plane.kubeconfig, through, environment)
        done = hub.cli("clusters", "remove", name, "--yes")
        assert done.returncode == 0, done.stderr
