"""The clusters of the soak, in a process of their own: it plays and upsets them, and tells at the end what was true."""

from __future__ import annotations

import asyncio
import logging
import multiprocessing
import random
import resource
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from multiprocessing.connection import Connection

import msgspec
import uvloop

from basefly.sim import Cluster, Fleet
from basefly.sim.faults import Effect
from bench.measure import Cost
from bench.soak import truth
from bench.soak.recording import History, happening
from bench.soak.upheaval import Excuse, Upheaval
from bench.soak.validators import Happened

SEED = 20261124
BOOKMARKS = 0.06  # s for each cluster: thousands of streams must not be busy with bookmarks alone
TELL_EVERY = 5.0  # s
LONGEST = 120.0  # s until the process has begun, or ended


class Load(msgspec.Struct, frozen=True):
    """How many clusters and events over all of them, and in how many seconds at the least; with faults or without."""

    clusters: int
    events: int
    least: float
    faults: bool = True


class Member(msgspec.Struct, frozen=True):
    """A cluster that has begun."""

    name: str
    kubeconfig: str


class Progress(msgspec.Struct, frozen=True):
    """How many events have happened, and how often faults have struck."""

    events: int
    struck: int


class Ending(msgspec.Struct, frozen=True):
    """How a cluster ended: what it holds, what happened by resource, which faults struck how often, what is excused.

    `used` is what the process of all clusters spent.
    """

    server: str
    true: Mapping[truth.Key, truth.Held]
    happened: Mapping[str, Sequence[Happened]]
    by_effect: Mapping[Effect, int]
    excuses: Sequence[Excuse]
    used: Cost


class Upset:
    """The process, seen from outside: `members`, then `run`, then `endings`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    @classmethod
    @contextmanager
    def start(cls, load: Load) -> Iterator[Upset]:
        """Start it; it ends with the block."""
        ours, theirs = multiprocessing.get_context("spawn").Pipe()
        process = multiprocessing.get_context("spawn").Process(target=_main, args=(theirs, load), daemon=True)
        process.start()
        try:
            yield cls(ours)
        finally:
            ours.close()
            process.join(LONGEST)
            process.kill()

    async def members(self) -> Sequence[Member]:
        """The clusters, once they listen."""
        members: list[Member] = await asyncio.to_thread(self._connection.recv)
        return members

    async def run(self) -> AsyncIterator[Progress]:
        """Upset them all, until all events have happened and the faults are taken back."""
        self._connection.send("run")
        told: Progress | None
        while (told := await asyncio.to_thread(self._connection.recv)) is not None:
            yield told

    async def endings(self) -> Mapping[str, Ending]:
        """How each ended, by name."""
        endings: dict[str, Ending] = await asyncio.to_thread(self._connection.recv)
        return endings


def prepare() -> None:
    """Ready this process, on either side, for thousands of connections, which are meant to break."""
    logging.getLogger("asyncio").setLevel(logging.CRITICAL)
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def _main(connection: Connection, load: Load) -> None:
    prepare()
    uvloop.run(_play(connection, load))


async def _play(connection: Connection, load: Load) -> None:
    async with Fleet.start(clusters=load.clusters) as fleet:
        for number, cluster in enumerate(fleet.clusters):
            cluster.seed(nodes=1, pods=10, seed=SEED + number)
            cluster.bookmark_seconds = max(BOOKMARKS * load.clusters, 1.5)
        with happening(fleet.clusters) as history:
            connection.send([Member(cluster.name, cluster.kubeconfig()) for cluster in fleet.clusters])
            await asyncio.to_thread(connection.recv)
            upheavals = {
                cluster: Upheaval(cluster, random.Random(f"{SEED}/{cluster.name}")) for cluster in fleet.clusters
            }
            await _upset(connection, list(upheavals.values()), load)
        connection.send(None)
        connection.send({cluster.name: _ending(history, cluster, one) for cluster, one in upheavals.items()})
        await asyncio.to_thread(_until_closed, connection)


async def _upset(connection: Connection, upheavals: Sequence[Upheaval], load: Load) -> None:
    each = load.events // load.clusters
    work = asyncio.gather(*(one.run(each, load.least, faults=load.faults) for one in upheavals))
    while not work.done():
        await asyncio.wait((work,), timeout=TELL_EVERY)
        connection.send(Progress(sum(one.events for one in upheavals), sum(one.struck for one in upheavals)))
    work.result()


def _ending(history: History, cluster: Cluster, upheaval: Upheaval) -> Ending:
    used = resource.getrusage(resource.RUSAGE_SELF)
    cost = Cost(cpu=round(used.ru_utime + used.ru_stime, 1), peak=used.ru_maxrss * 1024)
    happened = {name: all_ for (server, name), all_ in history.happened.items() if server == cluster.server}
    return Ending(cluster.server, truth.truth(cluster), happened, dict(upheaval.by_effect), upheaval.excuses, cost)


def _until_closed(connection: Connection) -> None:
    """The clusters go on answering until nobody asks any more."""
    try:
        connection.recv()
    except EOFError:
        return
