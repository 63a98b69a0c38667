"""The clusters of a bench, in a process of their own: it serves them, changes their pods, and counts requests."""

from __future__ import annotations

import asyncio
import gc
import itertools
import logging
import multiprocessing
import random
import resource
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from multiprocessing.connection import Connection
from typing import Any

import msgspec
import uvloop

from basefly.sim import Cluster, Fleet
from basefly.sim.fleet import planned
from basefly.sim.garbage import tidy
from basefly.sim.store.record import Record
from bench.fleet import bodies
from bench.fleet.illness import Illness
from bench.fleet.size import Size
from bench.soak.truth import followed

SEED = 20261124
COMPACT_EVERY = 300.0  # s, as API servers do (--etcd-compaction-interval): what is older than that time is forgotten
PAGE = 500  # objects a page of a list that is of all
LONGEST = 120.0  # s until the process has ended
WELL = Illness("", ())

Counts = Mapping[tuple[str, str], int]  # objects by cluster and resource


class Change(msgspec.Struct, frozen=True):
    """A pod that was changed: its container has been restarted so often, at this moment (seconds since the epoch)."""

    cluster: str
    namespace: str
    name: str
    restarts: int
    at: float


class Load(msgspec.Struct, frozen=True):
    """What to change: `rate` pods a second over all clusters for so many seconds.

    `watched` are clusters of which a share of the changes, `share`, is of their first `rows` pods: somebody looks on.
    """

    rate: float
    seconds: float
    watched: Sequence[str] = ()
    share: float = 0.0
    rows: int = 50


class Changed(msgspec.Struct, frozen=True):
    """What came of a load: the changes somebody looked on, how many there were in all, and in how many seconds."""

    watched: Sequence[Change]
    count: int
    seconds: float

    @property
    def rate(self) -> float:
        return self.count / self.seconds


class Members:
    """The process, seen from outside. Only one thing is asked of it at a time."""

    def __init__(self, connection: Connection, pid: int) -> None:
        self._connection, self.pid = connection, pid
        self.kubeconfigs: Mapping[str, str] = connection.recv()
        self.kinds: int = connection.recv()  # that are followed of each cluster

    @classmethod
    @contextmanager
    def start(cls, size: Size) -> Iterator[Members]:
        """Start it; it ends with the block."""
        spawn = multiprocessing.get_context("spawn")
        ours, theirs = spawn.Pipe()
        process = spawn.Process(target=_main, args=(theirs, size), daemon=True)
        process.start()
        theirs.close()  # so that its end is heard
        try:
            yield cls(ours, process.pid or 0)
        finally:
            process.kill()  # a fleet has nothing to keep
            process.join(LONGEST)

    def begin(self, load: Load) -> None:
        """Change pods; `ended` waits for it."""
        self._connection.send(("change", load))

    def ended(self) -> Changed:
        """What came of the load that was begun."""
        found: Changed = self._connection.recv()
        return found

    def infect(self, clusters: Sequence[str], illness: Illness) -> None:
        """Let these clusters suffer from this alone, or from nothing, and cut what is watched there."""
        self._connection.send(("infect", (clusters, illness)))
        self._connection.recv()

    def counts(self) -> Counts:
        """How many objects there truly are, of what is followed."""
        self._connection.send(("counts", None))
        found: Counts = self._connection.recv()
        return found

    def asked(self) -> Mapping[str, int]:
        """How often each kind of request has come since this was asked last: lists in full, watches, others."""
        self._connection.send(("asked", None))
        found: Mapping[str, int] = self._connection.recv()
        return found


def _main(connection: Connection, size: Size) -> None:
    logging.getLogger("asyncio").setLevel(logging.CRITICAL)
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    uvloop.run(_serve(connection, size))


async def _serve(connection: Connection, size: Size) -> None:
    clusters = planned(size.clusters, nodes=size.nodes, pods=size.pods, seed=SEED)
    for cluster in clusters:
        cluster.settle()  # now, or whoever asks first would wait for it
        for kind in followed(cluster):
            bodies.make(cluster.store.of(kind).page())
    gc.collect()
    gc.freeze()  # to look through all that for garbage takes seconds, in which every cluster would be silent
    async with Fleet.listening(clusters) as fleet:
        connection.send({cluster.name: cluster.kubeconfig() for cluster in fleet.clusters})
        connection.send(len(followed(fleet.clusters[0])))
        beside = [asyncio.create_task(_forget(fleet.clusters)), asyncio.create_task(tidy())]
        acts: Mapping[str, Callable[[Any], Any]] = {
            "counts": lambda _: _counts(fleet.clusters),
            "asked": lambda _: _asked(fleet.clusters),
            "infect": lambda given: _infect(fleet.clusters, *given),
        }
        try:
            while True:
                what, given = await asyncio.to_thread(connection.recv)
                done = await _change(fleet.clusters, given) if what == "change" else acts[what](given)
                connection.send(done)
        finally:
            for task in beside:
                task.cancel()


async def _forget(clusters: Sequence[Cluster]) -> None:
    versions = [cluster.store.version for cluster in clusters]
    while True:
        await asyncio.sleep(COMPACT_EVERY)
        for place, cluster in enumerate(clusters):
            cluster.store.compact(versions[place])
            versions[place] = cluster.store.version
            await asyncio.sleep(0)


def _counts(clusters: Sequence[Cluster]) -> Counts:
    return {
        (cluster.name, name): count
        for cluster in clusters
        for name in followed(cluster)
        if (count := len(cluster.store.of(name).records))
    }


def _infect(clusters: Sequence[Cluster], names: Sequence[str], illness: Illness) -> None:
    for cluster in clusters:
        if cluster.name in names:
            cluster.faults.clear()
            for fault in illness.faults:
                cluster.faults.add(**fault)
            cluster.faults.drop_watches()


def _asked(clusters: Sequence[Cluster]) -> Mapping[str, int]:
    found: Counter[str] = Counter()
    for cluster in clusters:
        found.update(_sort(request.target.verb, request.query) for request in cluster.requests)
        cluster.requests.clear()
    return found


def _sort(verb: str, query: Mapping[str, str]) -> str:
    """Whether a request is for all of a kind: a streamed list is one, and one that asks for a few to look at is not."""
    if verb == "watch":
        return "list" if query.get("sendInitialEvents") == "true" else "watch"
    whole = int(query.get("limit", PAGE)) >= PAGE and "fieldSelector" not in query
    return "list" if verb == "list" and whole else "other"


async def _change(clusters: Sequence[Cluster], load: Load) -> Changed:
    """Change pods at an even rate, whatever that takes; what falls behind is made up for."""
    named = {cluster.name: cluster for cluster in clusters}
    chance = random.Random(SEED)  # the same load each time
    everywhere = [(cluster, list(cluster.store.of("pods").records.values())) for cluster in clusters]
    seen = [(named[name], _first_rows(named[name], load.rows)) for name in load.watched]
    watched: list[Change] = []
    begun = asyncio.get_running_loop().time()
    for number in itertools.count():
        now = asyncio.get_running_loop().time()
        due = begun + number / load.rate
        if due >= begun + load.seconds:
            return Changed(watched, number, max(now - begun, load.seconds))
        await asyncio.sleep(max(due - now, 0))
        if seen and chance.random() < load.share:
            watched.append(_restart(*chance.choice(seen), chance))
        else:
            _restart(*chance.choice(everywhere), chance)
    raise AssertionError


def _first_rows(cluster: Cluster, count: int) -> Sequence[Record]:
    """The pods that a list in the order of names begins with."""
    return sorted(cluster.store.of("pods").page(), key=lambda pod: (pod.name, pod.namespace))[:count]


def _restart(cluster: Cluster, pods: Sequence[Record], chance: random.Random) -> Change:
    pod = chance.choice(pods)
    while b"restartCount" not in pod.body:  # it waits for a node, and has nothing that could be restarted
        pod = chance.choice(pods)
    changed = cluster.store.of("pods").records[pod.key].load()
    containers = changed["status"]["containerStatuses"]
    containers[0]["restartCount"] += 1
    cluster.store.put("pods", changed)  # past the interface, whose checks would take three quarters of a change
    return Change(cluster.name, pod.namespace, pod.name, sum(held["restartCount"] for held in containers), time.time())
