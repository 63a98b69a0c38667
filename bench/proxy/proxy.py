"""`proxy`: what it costs to ask a cluster through the hub, beside asking it directly and through `kubectl proxy`.

A real control plane answers requests, lists and watches; a simulated cluster has the shells, since it has kubelets.
Requests are asked fifty times a second of each way, in turn, so that all see the same machine.
"""

from __future__ import annotations

import concurrent.futures
import io
import json
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import msgspec
from rich.console import Console
from rich.table import Table

from bench.console.stopwatch import percentile
from bench.proxy import shells
from bench.proxy.ways import Way, kubectl_proxy, of, version
from bench.report import Bar, Run, bars_table
from e2e.browser.fleet import simulate
from e2e.conformance.kubectl.through import opened
from e2e.control_plane import ControlPlane
from e2e.hub import Hub
from e2e.plane.cluster import Cluster
from e2e.plane.program import eventually

PODS, EVENTS, SHELLS = 5000, 3000, 200
QUICK_PODS, QUICK_EVENTS, QUICK_SHELLS = 100, 100, 10
RATE = 50.0  # requests a second of each way
SECONDS, QUICK_SECONDS = 20.0, 2.0
HALF, MOST, EXEC = 10.0, 40.0, 100.0  # ms more than direct: the eighth bar
ONE = "/api/v1/namespaces/default/pods/web-0"
LIST = "/api/v1/namespaces/default/pods"
WATCH = "/api/v1/namespaces/default/configmaps"


class Figures(msgspec.Struct, frozen=True):
    """One way: milliseconds of a request (half of them, 99 of 100), seconds of a list and a watch, ms of a shell."""

    way: str
    get_p50: float
    get_p99: float
    list_seconds: float
    watch_per_second: float
    exec_ms: float
    shells_open_seconds: float
    shells_echo_ms: float


class Proxied(msgspec.Struct, frozen=True):
    """All ways, and what the hub adds to the direct one."""

    bench: str
    figures: Sequence[Figures]
    bar: Sequence[Bar]
    holds: bool
    notes: Sequence[str]

    def table(self) -> str:
        """For people."""
        console = Console(file=io.StringIO(), width=140, record=True)
        table = Table(
            "way", "get p50 ms", "get p99 ms", "list s", "watch events/s", "exec ms", "shells open s", "echo ms"
        )
        for one in self.figures:
            table.add_row(one.way, *(f"{value:,.2f}" for value in list(msgspec.structs.astuple(one))[1:]))
        console.print(table, bars_table(self.bar), *self.notes, sep="\n")
        return console.export_text()


def run(options: Run) -> Proxied:
    """A hub with two clusters; every way to each of them."""
    pods, events, count = (QUICK_PODS, QUICK_EVENTS, QUICK_SHELLS) if options.quick else (PODS, EVENTS, SHELLS)
    with tempfile.TemporaryDirectory(prefix="basefly-bench-") as name, ExitStack() as stack:
        folder = Path(name)
        hub = stack.enter_context(Hub.start(folder / "hub"))
        plane = stack.enter_context(ControlPlane.start(folder / "plane", controllers=False))
        ways = _ways(hub, plane, "real")
        ways.append(stack.enter_context(kubectl_proxy(plane)))
        _fill(ways[0], pods)
        gets = _gets(ways, QUICK_SECONDS if options.quick else SECONDS)
        lists = _medians(ways, lambda way: _list(way, pods), options.rounds)
        watched = _watched(ways, events, options.rounds)
        simulated = simulate(folder, "shells")
        stack.callback(simulated.kill)
        alive = Cluster(folder / "shells.kubeconfig", "sim-1")
        inside = _ways(hub, alive, "simulated")
        inside.append(stack.enter_context(kubectl_proxy(alive)))
        path = _running(inside[0])
        execs = shells.started(inside, path, 3 if options.quick else 30)
        many = {way.name: shells.together(way, path, count) for way in inside}
    figures = [
        Figures(
            way.name,
            percentile(gets[way.name], 0.5),
            percentile(gets[way.name], 0.99),
            lists[way.name],
            events / watched[way.name],
            execs[way.name],
            *many[way.name],
        )
        for way in ways
    ]
    return _judged(figures, pods, events, count)


def _ways(hub: Hub, cluster: Cluster, name: str) -> list[Way]:
    through = opened(hub, cluster, name)
    return [of("direct", cluster.kubeconfig), of("hub", through)]


def _fill(way: Way, pods: int) -> None:
    """That many pods, and no kubelet that would do anything with them."""
    base = {
        "name": "app",
        "image": "registry.example/app:1",
        "env": [{"name": f"V{n}", "value": "x" * 20} for n in range(8)],
    }

    with httpx.Client(base_url=way.url, verify=way.tls or True, headers=way.headers, timeout=60) as http:

        def make(number: int) -> None:
            metadata = {"name": f"web-{number}", "labels": {"app": "web", "part": str(number % 50)}}
            body = {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": {"containers": [base]}}
            answer = http.post(LIST, json=body)
            assert answer.status_code == 201, answer.text

        # Without controllers nobody else makes it, and no pod is admitted without.
        account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "default"}}
        http.post("/api/v1/namespaces/default/serviceaccounts", json=account)
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            list(pool.map(make, range(pods)))


def _gets(ways: list[Way], seconds: float) -> dict[str, list[float]]:
    """Sorted milliseconds of one request, at RATE of each way."""
    connections = {way.name: way.connect() for way in ways}
    taken: dict[str, list[float]] = {way.name: [] for way in ways}
    for way in ways:
        way.get(connections[way.name], ONE)
    begun = time.perf_counter()
    for turn in range(int(seconds * RATE)):
        time.sleep(max(0.0, begun + turn / RATE - time.perf_counter()))
        for way in ways[turn % len(ways) :] + ways[: turn % len(ways)]:
            taken[way.name].append(way.get(connections[way.name], ONE)[0])
    return {name: sorted(values) for name, values in taken.items()}


def _medians(ways: Sequence[Way], measured: Callable[[Way], float], rounds: int) -> dict[str, float]:
    taken: dict[str, list[float]] = {way.name: [] for way in ways}
    for _ in range(rounds):
        for way in ways:
            taken[way.name].append(measured(way))
    return {name: statistics.median(values) for name, values in taken.items()}


def _list(way: Way, pods: int) -> float:
    """Seconds for the list of all pods, whole."""
    taken, body = way.get(way.connect(), f"{LIST}?resourceVersion=0")
    assert len(json.loads(body)["items"]) == pods
    return taken / 1000


def _watched(ways: Sequence[Way], events: int, rounds: int) -> dict[str, float]:
    """Seconds until that many events that have happened already have come through a watch."""
    direct = ways[0]
    since = version(direct.get(direct.connect(), WATCH)[1])
    with httpx.Client(base_url=direct.url, verify=direct.tls or True, headers=direct.headers, timeout=60) as http:
        body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "counted"}, "data": {"n": "0"}}
        http.post(WATCH, json=body)
        for number in range(1, events):
            http.put(f"{WATCH}/counted", json={**body, "data": {"n": str(number), "text": "y" * 300}})
    return _medians(ways, lambda way: _watch(way, since, events), rounds)


def _watch(way: Way, since: str, events: int) -> float:
    connection = way.connect()
    begun = time.perf_counter()
    connection.request(
        "GET", f"{urlsplit(way.url).path}{WATCH}?watch=true&resourceVersion={since}", headers=way.headers
    )
    answer = connection.getresponse()
    for _ in range(events):
        assert b'"counted"' in answer.readline()
    taken = time.perf_counter() - begun
    connection.close()
    return taken


def _running(way: Way) -> str:
    """The path of exec in a pod that runs."""

    def found() -> str:
        pods = json.loads(way.get(way.connect(), "/api/v1/pods?limit=200")[1])["items"]
        alive = [pod["metadata"] for pod in pods if pod["status"].get("phase") == "Running"]
        return f"/api/v1/namespaces/{alive[0]['namespace']}/pods/{alive[0]['name']}/exec" if alive else ""

    eventually(lambda: bool(found()), seconds=30)
    return found()


def _judged(figures: Sequence[Figures], pods: int, events: int, count: int) -> Proxied:
    direct, hub, _ = figures
    bar = [
        Bar.of("a request through the hub, ms more at p50", measured=hub.get_p50 - direct.get_p50, at_most=HALF),
        Bar.of("a request through the hub, ms more at p99", measured=hub.get_p99 - direct.get_p99, at_most=MOST),
        Bar.of("the start of a command, ms more", measured=hub.exec_ms - direct.exec_ms, at_most=EXEC),
    ]
    notes = [
        f"real control plane: {pods:,} pods in a list, {events:,} events in a watch; clients on the same machine",
        f"simulated cluster: {count} shells at once",
    ]
    return Proxied("proxy", figures, bar, all(one.holds for one in bar), notes)
