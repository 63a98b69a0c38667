"""`isolation`: one tenth of a fleet falls ill, in five ways; what do those who look at the other nine tenths feel?

A real hub follows a simulated fleet that lives in a process of its own. Readers look at clusters that stay well, at a
steady rate: they change an object and wait until the hub's live list shows it, they list pods over all clusters, and
they ask for single live objects. Phases alternate, all well and a tenth ill, so that whatever else the machine does
meets both; every cut of the sick clusters' watches falls into their phase, so that what it costs counts.
"""

from __future__ import annotations

import asyncio
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

import httpx
import uvloop

from basefly.base.resilience.ending import end
from bench.fleet.illness import ILLNESSES, Illness
from bench.isolation import report, rivals
from bench.isolation.fleet import Fleet
from bench.isolation.observed import Observer, hub
from bench.isolation.readers import MARKED, Readers, Samples
from bench.isolation.report import LOOKS, Isolation, Phase
from bench.report import Bar, Run

RISE = 1.10  # bar: of the p99 that the others see
KNOWN, BACK = 30.0, 10.0  # bars, s
STREAMS = 20  # at least, of each cluster
RECONNECTED = 60.0  # bar, s
SEED = 20261129
FIRST_SYNC = 1800.0  # s until all must be followed; a million pods take half of it
LOAD_REACHED = 0.8  # of the stated rates; below it the run says nothing


class Load(NamedTuple):
    """A fleet and what is asked of its hub. `rate`: looks a second, of each of the three; times in s.

    At a higher `pace` the fleet would fill the processor of its own process, and it would be that which is measured.
    """

    clusters: int
    nodes: int
    pods: int
    pace: float
    rows: float  # rows a second that the hub has to write
    rate: float
    calm: float
    ill: float
    rest: float  # after all are well again, until the next phase
    rounds: int
    illnesses: Sequence[Illness] = ILLNESSES
    given_up: float = rivals.GIVEN_UP  # s


SIZES = {
    "S": Load(100, 10, 1000, pace=2.0, rows=60.0, rate=12.0, calm=30.0, ill=30.0, rest=2.0, rounds=2),
    "M": Load(500, 10, 1000, pace=1.0, rows=200.0, rate=12.0, calm=30.0, ill=30.0, rest=3.0, rounds=2),
    # With the smaller ones' looks hub and fleet fill both cores while all are well, and what is timed is a queue.
    "L": Load(1000, 20, 1000, pace=0.5, rows=150.0, rate=4.0, calm=60.0, ill=60.0, rest=3.0, rounds=1),
}
QUICK = Load(10, 2, 20, pace=60.0, rows=0.5, rate=8.0, calm=2.0, ill=2.0, rest=0.0, rounds=1,
             illnesses=ILLNESSES[::4], given_up=3.0)  # fmt: skip


def run(options: Run) -> Isolation:
    """Start a fleet and a hub, register all clusters, and let some fall ill."""
    load = QUICK if options.quick else SIZES[options.size]
    with tempfile.TemporaryDirectory(prefix="basefly-isolation-") as name, ExitStack() as stack:
        folder = Path(name)
        numbers = {"clusters": load.clusters, "nodes": load.nodes, "pods": load.pods}
        fleet = stack.enter_context(Fleet.start(folder, **numbers, pace=load.pace))
        ours = hub(folder / "hub")
        stack.callback(ours.stop)
        ours.begin()
        ours.set_up()
        observer = Observer(ours)
        took, ids = _followed(fleet, observer)
        say(f"{load.clusters} clusters are followed after {took:.0f} s")
        trial = Trial(fleet, observer, load, ids)
        found = uvloop.run(trial.run(range(min(load.rounds, options.rounds))))
    return _told(load, found, took=took, quick=options.quick)


def _followed(fleet: Fleet, observer: Observer) -> tuple[float, list[str]]:
    """Register every cluster, and wait until all is live; seconds, and the hub's ids."""
    began = time.monotonic()
    ids = observer.registered(fleet.kubeconfigs)
    say(f"registered after {time.monotonic() - began:.0f} s")
    while not observer.live(len(ids) * STREAMS):
        if time.monotonic() - began > FIRST_SYNC:
            raise SystemExit(f"not all clusters are followed after {FIRST_SYNC:.0f} s")
        time.sleep(1.0)
    return time.monotonic() - began, ids


class Found(NamedTuple):
    """What a trial brought; rivals' are seconds to read the whole fleet, well and with sick clusters."""

    phases: list[Phase]
    rivals: dict[str, dict[str, float]]
    missed: int  # looks at clusters that were well, and at the list of all, that brought nothing
    reconnected: float  # s
    lag: float  # s, the worst while all came back


class Trial:
    """The phases, one after another. The first tenth of the clusters falls ill."""

    def __init__(self, fleet: Fleet, observer: Observer, load: Load, ids: Sequence[str]) -> None:
        self._fleet, self._observer, self._load = fleet, observer, load
        tenth = max(1, load.clusters // 10)
        self._ids, self._sick_ids = ids, ids[:tenth]
        self._sick = fleet.members[:tenth]
        members = dict(zip(ids, fleet.members, strict=True))
        self.readers = Readers(observer.hub.url, observer.hub.token, members, random.Random(SEED))
        self.readers.well = ids[tenth:]

    async def run(self, rounds: Sequence[int]) -> Found:
        """All rounds, with the rivals at the end of each; and then all clusters go and come back at once."""
        await self.readers.prepare()
        looking = asyncio.create_task(self.readers.run(self._load.rate))
        phases: list[Phase] = []
        rivals_: dict[str, dict[str, list[float]]] = {}
        try:
            await asyncio.sleep(3.0)  # what is asked for the first time is not what is measured
            self.readers.taken()
            for number in rounds:
                for illness in self._load.illnesses:
                    phases.append(await self._phase(number, None))
                    phases.append(await self._phase(number, illness))
                    say(f"round {number}, {illness.name}: {_brief(phases[-2])} → {_brief(phases[-1])}")
                await self._rivals(rivals_)
        finally:
            failed = await end(looking)
        if failed:
            raise SystemExit(f"those who looked gave up: {failed[0]!r}")
        medians = {name: {when: statistics.median(all_) for when, all_ in by.items()} for name, by in rivals_.items()}
        return Found(phases, medians, self.readers.missed + self._observer.unanswered, *await self.reconnect())

    async def reconnect(self) -> tuple[float, float]:
        """All clusters vanish and come back at once: seconds until every stream is live, and the worst lag."""
        await asyncio.to_thread(self._fleet.bring, "all", "stopped")
        await self._until(lambda: self._observer.all_are(self._ids, well=False))
        await self._look()
        began = time.monotonic()
        await asyncio.to_thread(self._fleet.bring, "all", "running")
        streams = len(self._ids) * STREAMS
        await self._until(lambda: self._observer.all_are(self._ids, well=True) and self._observer.live(streams))
        took = time.monotonic() - began
        return took, (await self._look())[-1]

    async def _phase(self, number: int, illness: Illness | None) -> Phase:
        """One stretch. Both kinds are asked and looked at alike, so that only the illness differs."""
        await self._look()
        waits: list[float] = []
        began = time.monotonic()
        if illness:
            await asyncio.to_thread(self._fleet.infect, self._sick, illness)
        asking = asyncio.create_task(self._ask_the_sick(waits))
        noticing = asyncio.create_task(self._until(lambda: self._observer.all_are(self._sick_ids, well=False)))
        lasts = self._load.ill if illness else self._load.calm
        await asyncio.sleep(max(0.0, lasts - (time.monotonic() - began)))
        known = await noticing if illness else None
        looked = await self._look()
        await end(asking, noticing)
        if not illness:
            return Phase(number, "", *looked)
        await asyncio.to_thread(self._fleet.heal, self._sick)
        back = await self._until(lambda: self._observer.all_are(self._ids, well=True))
        await asyncio.sleep(self._load.rest)
        return Phase(number, illness.name, *looked, sick=waits, known=known, back=back)

    async def _look(self) -> tuple[Samples, float, int, float, float]:
        """What was measured since the last look."""
        rows = await asyncio.to_thread(self._observer.rows)
        lag = await asyncio.to_thread(self._observer.lag)
        return self.readers.taken(), *self._observer.meter.look(), rows, lag

    async def _ask_the_sick(self, waits: list[float]) -> None:
        """Ask for an object of a sick cluster once a second: as a person who does not know."""
        headers = {"Authorization": f"Bearer {self._observer.hub.token}"}
        async with httpx.AsyncClient(base_url=f"{self._observer.hub.url}/api/v1", headers=headers, timeout=60) as asker:
            while True:
                one, began = random.choice(self._sick_ids), time.monotonic()
                path = f"/clusters/{one}/objects/configmaps/{MARKED}"
                answer = await asker.get(path, params={"namespace": "default"})
                answer.raise_for_status()  # a cluster that is ill stays readable
                waits.append(time.monotonic() - began)
                await asyncio.sleep(1.0)

    async def _until(self, true: Callable[[], bool]) -> float:
        """Seconds until it is so; 120 if it does not become so."""
        began = time.monotonic()
        while time.monotonic() - began < 120.0:
            if await asyncio.to_thread(true):
                return time.monotonic() - began
            await asyncio.sleep(1.0)
        return 120.0

    async def _rivals(self, took: dict[str, dict[str, list[float]]]) -> None:
        """Both rivals over the whole fleet, well, and then with a tenth that hangs."""
        for when in ("all well", "a tenth hanging"):
            if when != "all well":
                await asyncio.to_thread(self._fleet.infect, self._sick, ILLNESSES[0])
            for name, read in (
                ("one context after another", rivals.one_after_another), ("gather, defaults", rivals.all_at_once)
            ):  # fmt: skip
                took.setdefault(name, {}).setdefault(when, []).append(
                    await read(self._fleet.members, self._load.given_up)
                )
        await asyncio.to_thread(self._fleet.heal, self._sick)
        await self._until(lambda: self._observer.all_are(self._ids, well=True))


def _told(load: Load, found: Found, *, took: float, quick: bool) -> Isolation:
    phases = found.phases
    rows = statistics.median(phase.rows for phase in phases if not phase.illness)
    if not quick:
        _reached(load, phases, rows)
    bars = [
        Bar.of(f"{look}, p99 of the others, ill / well", measured=statistics.median(report.ratios(phases, look, 0.99)),
               at_most=RISE)
        for look in LOOKS
    ]  # fmt: skip
    dead = [phase for phase in phases if phase.known is not None]
    bars += [
        Bar.of("a sick cluster is known after, s", measured=max(phase.known or 0.0 for phase in dead), at_most=KNOWN),
        Bar.of("and back after, s", measured=max(phase.back or 0.0 for phase in dead), at_most=BACK),
        Bar.of("looks at the others that brought nothing", measured=found.missed, at_most=0),
        Bar.of("all back after all were gone, s", measured=found.reconnected, at_most=RECONNECTED),
    ]
    pooled = {look: round(statistics.median(report.ratios(phases, look, 0.5)), 3) for look in LOOKS}
    size = f"{load.clusters} clusters with {load.nodes} nodes and {load.pods} pods each, all simulated"
    notes = [
        f"{size}; followed {took:.0f} s after the first was registered",
        f"{rows:.0f} rows a second written, {load.rate:.0f} looks a second of each kind; p50 ill / well: {pooled}",
        f"while all came back the hub's event loop was late by at most {found.lag * 1000:.0f} ms",
        f"rivals were given up after {load.given_up:.0f} s; by themselves they wait for ever, or five minutes",
    ]
    return Isolation(
        "isolation",
        report.lines(phases),
        report.costs(phases),
        found.rivals,
        bars,
        all(bar.holds for bar in bars),
        notes,
    )


def _reached(load: Load, phases: Sequence[Phase], rows: float) -> None:
    """A run that did not reach its load says nothing."""
    looks = sum(len(all_) for phase in phases for all_ in phase.samples.values())
    planned = load.rate * len(LOOKS) * sum(load.ill if phase.illness else load.calm for phase in phases)
    if rows < LOAD_REACHED * load.rows or looks < LOAD_REACHED * planned:
        raise SystemExit(
            f"The run did not reach its load: {rows:.0f} of {load.rows:.0f} rows a second, "
            f"{looks:,} of {planned:,.0f} looks. Free the machine, or take a smaller size."
        )


def _brief(phase: Phase) -> str:
    p99 = {look: round(report.quantile(phase.samples.get(look, []), 0.99) * 1000) for look in LOOKS}
    return f"p99 ms {p99}, {phase.cpu:.2f} cores, {phase.rows:.0f} rows/s, lag ≤ {phase.lag * 1000:.0f} ms"


def say(line: str) -> None:
    """To people, who may be watching; what programs read goes to the standard output."""
    print(line, file=sys.stderr, flush=True)
