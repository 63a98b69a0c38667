"""One simulated fleet, our hub that follows it, Headlamp's server with the same kubeconfig, and a wire before each."""

from __future__ import annotations

import os
import shutil
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import httpx

from bench.headlamp.visit import Aim
from bench.headlamp.wire import Wire
from e2e.hub import Hub
from e2e.plane.cluster import Cluster
from e2e.plane.program import Program, eventually, free_port

MONTH = 30 * 24 * 3600.0
BUILT = "BASEFLY_HEADLAMP"
HERE, BESIDE = "127.0.0.1", "127.0.0.2"  # Headlamp answers only to names of a port that it listens at itself
MOVES = ("overview", "workloads")  # where one sets out for the pods
SETS = ("deployments.apps", "statefulsets.apps", "daemonsets.apps", "replicasets.apps")
WORKLOADS = (*SETS, "jobs.batch", "cronjobs.batch")
CURE = f"""\
Headlamp is missing: {BUILT} names a folder with its source in which {{lacks}} was built. In Headlamp's folder:
  cd frontend && npm ci && npm run build
  cd backend && go build -o headlamp-server ./cmd"""


class Size(NamedTuple):
    """Of the fleet: clusters, and nodes and pods of each."""

    clusters: int
    nodes: int
    pods: int

    @property
    def names(self) -> list[str]:
        return [f"sim-{number}" for number in range(1, self.clusters + 1)]


class Side(NamedTuple):
    """Where to look and as whom; the pages by what they are about; the links from one to another."""

    name: str
    wire: Wire
    cookies: Sequence[Any]
    pages: Mapping[str, Aim]
    moves: Mapping[tuple[str, str], Sequence[str]]

    @property
    def url(self) -> str:
        return f"http://{self.wire.near[0]}:{self.wire.near[1]}"


def headlamp() -> Path:
    """The folder with the built Headlamp; ends with the cure where there is none."""
    folder = Path(os.environ.get(BUILT, ""))
    for lacks in ("backend/headlamp-server", "frontend/build/index.html"):
        if BUILT not in os.environ or not (folder / lacks).exists():
            raise SystemExit(CURE.format(lacks=lacks))
    return folder.absolute()


def version(folder: Path) -> str:
    """As its build noted it."""
    noted = dict(line.split("=", 1) for line in (folder / "frontend/.env").read_text().splitlines() if "=" in line)
    return noted.get("REACT_APP_HEADLAMP_VERSION", "of an unknown version")


@contextmanager
def sides(folder: Path, built: Path, size: Size) -> Iterator[tuple[Side, Side]]:
    """Ours and theirs, both with the whole fleet in reach."""
    kubeconfig = folder / "kubeconfig"
    fleet = _fleet(folder, kubeconfig, size)
    try:
        with Hub.start(folder / "hub") as hub, _headlamp(folder, built, kubeconfig) as port:
            _follow(hub, kubeconfig, size)
            ours, theirs = ((HERE, free_port()), (HERE, port))
            with Wire.open(ours, (HERE, hub.port)) as near, Wire.open(theirs, (BESIDE, port)) as far:
                yield _ours(hub, near), _theirs(hub, far, size)
    finally:
        fleet.kill()  # it has nothing to keep


def _fleet(folder: Path, kubeconfig: Path, size: Size) -> Program:
    words = [f"--clusters={size.clusters}", f"--nodes={size.nodes}", f"--pods={size.pods}"]
    files = [f"--kubeconfig={kubeconfig}", f"--state={folder / 'state'}"]
    fleet = Program("fleet", [sys.executable, "-m", "basefly.sim", "serve", *words, *files], log=folder / "fleet.log")
    fleet.start()
    fleet.wait_until(kubeconfig.exists, seconds=60)
    return fleet


@contextmanager
def _headlamp(folder: Path, built: Path, kubeconfig: Path) -> Iterator[int]:
    """Its server, as its image starts it, at a port of BESIDE; it trusts whoever reaches it, as on a desktop."""
    port = free_port()
    (folder / "plugins").mkdir()
    shutil.copytree(built / "frontend/build", folder / "frontend")  # the server writes into it
    options = {
        "kubeconfig": kubeconfig,
        "html-static-dir": folder / "frontend",
        "plugins-dir": folder / "plugins",
        "user-plugins-dir": folder / "plugins",
        "listen-addr": BESIDE,
        "port": port,
    }
    words = [word for name, value in options.items() for word in (f"-{name}", str(value))]
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder)}
    command = [str(built / "backend/headlamp-server"), *words]
    server = Program("headlamp", command, log=folder / "headlamp.log", environment=environment)
    server.start()
    try:
        server.wait_until(partial(_answers, f"http://{BESIDE}:{port}/config"), seconds=60)
        _age(folder / "frontend")
        yield port
    finally:
        server.stop()


def _age(files: Path) -> None:
    """As if it had been up for a month: without Cache-Control, a browser keeps a file for a tenth of its age."""
    for path in files.rglob("*"):
        os.utime(path, (time.time() - MONTH,) * 2)


def _answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=2).is_success
    except httpx.TransportError:
        return False


def _follow(hub: Hub, kubeconfig: Path, size: Size) -> None:
    """Register the fleet, and wait until the hub has seen all of it."""
    for name in size.names:
        hub.register(Cluster(kubeconfig, name), name=name)

    def followed() -> bool:
        seen = (hub.objects(resource, cluster=name) for name in size.names for resource in ("nodes", "events"))
        pods = (len(hub.objects("pods", cluster=name)) >= size.pods for name in size.names)
        return all(pods) and all(seen)

    eventually(followed, seconds=120, pause=1)


def _names(hub: Hub, *resources: str) -> list[str]:
    return sorted({one["name"] for resource in resources for one in hub.objects(resource)})


def _aims(hub: Hub, paths: Mapping[str, str], pod: Mapping[str, Any]) -> dict[str, Aim]:
    """What shows that a page is there: a name of what it is about; of an overview, of whatever it says is failing."""
    clusters = [one["name"] for one in hub.get("/clusters")["items"]]
    names = {
        "clusters": clusters,
        "overview": _names(hub, "pods", "nodes", *WORKLOADS),
        "pods": _names(hub, "pods"),
        "one pod": [pod["cells"]["node"]],
        "nodes": _names(hub, "nodes"),
        "workloads": _names(hub, *WORKLOADS),
    }
    return {what: Aim(path, names[what], path.partition("?")[0]) for what, path in paths.items()}


def _pod(hub: Hub) -> dict[str, Any]:
    """The first that runs somewhere."""
    pods = hub.objects("pods", cluster="sim-1", health="ok")
    return min(pods, key=lambda one: str(one["name"]))


def _ours(hub: Hub, wire: Wire) -> Side:
    pod, cluster = _pod(hub), hub.cluster("sim-1")["id"]
    paths = {
        "clusters": "/clusters",
        "overview": "/",
        "pods": "/pods",
        "one pod": f"/clusters/{cluster}/objects/pods/{pod['name']}?namespace={pod['namespace']}",
        "nodes": "/nodes",
        "workloads": "/workloads",
    }
    url = f"http://{wire.near[0]}:{wire.near[1]}"
    with hub.session() as browser:
        cookies = [{"name": name, "value": value, "url": url} for name, value in browser.cookies.items()]
    link = ("nav a[href='/pods']",)
    return Side("Basefly", wire, cookies, _aims(hub, paths, pod), {(start, "pods"): link for start in MOVES})


def _theirs(hub: Hub, wire: Wire, size: Size) -> Side:
    pod, every = _pod(hub), f"/c/{'+'.join(size.names)}"
    paths = {
        "clusters": "/",
        "overview": every,
        "pods": f"{every}/pods",
        "one pod": f"/c/sim-1/pods/{pod['namespace']}/{pod['name']}",
        "nodes": f"{every}/nodes",
        "workloads": f"{every}/workloads",
    }
    opened, link = f"a[href$='{every}/workloads']", f"a[href$='{every}/pods']"
    moves = {("overview", "pods"): (opened, link), ("workloads", "pods"): (link,)}
    return Side("Headlamp", wire, (), _aims(hub, paths, pod), moves)
