"""Two real clusters and one hub for the whole run; a test that upsets a cluster starts one of its own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Protocol

import pytest

from e2e.control_plane import NEEDS, ControlPlane, found
from e2e.hub import Hub
from e2e.plane.cluster import Cluster, given_clusters
from e2e.plane.program import eventually
from e2e.population import populate


class NewPlane(Protocol):
    """Starts a control plane of this name; without controllers it is up sooner, and nothing moves by itself."""

    def __call__(self, name: str, *, controllers: bool = True) -> ControlPlane: ...


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Fail at once where there is no cluster; leave clusters that are not ours in peace."""
    given = bool(given_clusters())
    if not given and not found():
        pytest.exit(NEEDS, returncode=2)
    if given and not found():
        ours = [item for item in items if "upsets" not in item.keywords]
        items[:] = ours


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("e2e")


@pytest.fixture(scope="session")
def clusters(folder: Path) -> Iterator[list[Cluster]]:
    """Two real clusters with one of everything in each."""
    if given := given_clusters():
        yield given
        return
    with ExitStack() as running:
        planes: list[Cluster] = []
        for name in ("west", "east"):
            plane = running.enter_context(ControlPlane.start(folder / name, name=name))
            populate(plane)
            planes.append(plane)
        yield planes


@pytest.fixture(scope="session")
def hub(folder: Path) -> Iterator[Hub]:
    with Hub.start(folder / "hub") as running:
        yield running


@pytest.fixture(scope="session")
def fleet(hub: Hub, clusters: list[Cluster]) -> list[Cluster]:
    """The two clusters, registered and read."""
    known = {cluster["name"] for cluster in hub.get("/clusters")["items"]}
    for cluster in clusters:
        if cluster.context not in known:
            hub.register(cluster, name=cluster.context)
    ours = {cluster.context for cluster in clusters}

    def read() -> bool:
        """Other tests leave clusters behind that are gone for good: those are missing for ever."""
        return ours.isdisjoint(part["name"] for part in hub.get("/search", q="shop", limit=1)["missing"])

    eventually(read, seconds=60, pause=1)
    return clusters


@pytest.fixture(scope="session")
def west(fleet: list[Cluster]) -> Cluster:
    return fleet[0]


@pytest.fixture
def new_plane(folder: Path) -> Iterator[NewPlane]:
    """Starts a control plane that belongs to this test alone."""
    with ExitStack() as running:

        def start(name: str, *, controllers: bool = True) -> ControlPlane:
            return running.enter_context(ControlPlane.start(folder / name, name=name, controllers=controllers))

        yield start
