"""`endurance`: a fleet changes for forty minutes while a tenth of it is ill. Neither memory nor waits shall grow.

Five hundred pods change each second. Ten people look at a cluster each (as in `freshness`), and a few requests a second
are asked of the interface (as in `api`). The tenth of the clusters that comes last by name falls ill in one way after
another, and is well for a while in between. Each half minute is a sample; `plot` draws them. In the end all are well
again, and the inventory must equal the fleet.
"""

from __future__ import annotations

import asyncio
import itertools
import statistics
import sys
import time
from collections.abc import Iterator, Sequence

import msgspec

from bench.console.stopwatch import percentile
from bench.endurance import plot
from bench.fleet import api, usage
from bench.fleet.first import MIB
from bench.fleet.freshness import looked_on
from bench.fleet.illness import ILLNESSES
from bench.fleet.members import WELL, Load
from bench.fleet.stand import Stand
from bench.report import Bar, Findings, Run

RATE, QUICK_RATE = 500.0, 50.0  # changes a second over all clusters
SHARE = 0.1  # of the changes that are of what somebody looks at
LOOKED_AT = 10  # clusters
ASKED = 4.0  # requests a second
WINDOW, QUICK_WINDOW = 30.0, 3.0  # s, of each sample
LASTS, QUICK_LASTS = 2400.0, 12.0  # s
SPELL, QUICK_SPELL = (6, 2), (1, 1)  # samples that an illness lasts, and those of being well after it
ILL = 0.1  # of the clusters
SUFFERED = ILLNESSES[:3]  # in turn: hanging, half open, 429
HEALED_WITHIN = 180.0  # s until everything is followed again in the end
SETTLED = 10  # s
GROWTH = 1.1  # of memory, from the second quarter to the last: what comes first fills caches
SLOWER = 1.5  # of p99, likewise; of one machine that others use, too


class Sample(msgspec.Struct, frozen=True):
    """What half a minute was like: bytes, milliseconds, changes a second, and what a tenth of the fleet was ill of."""

    second: float
    illness: str
    hub: int
    postgres: int
    rate: float
    fresh_p50: float
    fresh_p99: float
    lost: int
    api_p50: float
    api_p99: float
    failed: int


def run(options: Run) -> Findings:
    """Read the fleet, and look at it for as long as it takes."""
    with Stand.following(options) as stand:
        samples = list(_samples(stand, quick=options.quick))
        healed = stand.read(seconds=HEALED_WITHIN)
        wrong = _wrong(stand)
    if not options.quick:
        plot.keep(samples, str(stand.size))
    early, late = _quarter(samples, 1), _quarter(samples, 3)
    memory = _ratio([each.hub for each in early], [each.hub for each in late])
    fresh = _ratio([each.fresh_p99 for each in early], [each.fresh_p99 for each in late])
    slower = _ratio([each.api_p99 for each in early], [each.api_p99 for each in late])
    figures = {
        "minutes": samples[-1].second / 60,
        "changes a second": statistics.median(each.rate for each in samples),
        "hub at its most, MiB": max(each.hub for each in samples) / MIB,
        "PostgreSQL at its most, MiB": max(each.postgres for each in samples) / MIB,
        "change to reader: p50, ms": statistics.median(each.fresh_p50 for each in samples),
        "change to reader: p99, ms": statistics.median(each.fresh_p99 for each in samples),
        "change to reader: worst p99, ms": max(each.fresh_p99 for each in samples),
        "requests: p50, ms": statistics.median(each.api_p50 for each in samples),
        "requests: p99, ms": statistics.median(each.api_p99 for each in samples),
        "all is followed again after, s": healed,
    }
    bars = [
        Bar.of("memory of the hub, last quarter to second", measured=memory, at_most=GROWTH),
        Bar.of("p99 from change to reader, last quarter to second", measured=fresh, at_most=SLOWER),
        Bar.of("p99 of requests, last quarter to second", measured=slower, at_most=SLOWER),
        Bar.of("changes never seen", measured=sum(each.lost for each in samples), at_most=0),
        Bar.of("requests that were no success", measured=sum(each.failed for each in samples), at_most=0),
        Bar.of("kinds whose rows are not as many as their objects in the end", measured=len(wrong), at_most=0),
    ]
    return Findings.of("endurance", figures, bars, [str(stand.size), *wrong[:10]])


def _samples(stand: Stand, *, quick: bool) -> Iterator[Sample]:
    rate, window, lasts = (QUICK_RATE, QUICK_WINDOW, QUICK_LASTS) if quick else (RATE, WINDOW, LASTS)
    names = sorted(stand.members.kubeconfigs)
    count_ill = max(1, round(len(names) * ILL))
    looked_at, ill = names[:-count_ill][:LOOKED_AT], names[-count_ill:]
    wanted = api.mix(stand.clusters(), stand.hub.get("/objects/pods", limit=1)["items"])
    begun, (suffering, resting) = time.monotonic(), QUICK_SPELL if quick else SPELL
    for number in itertools.takewhile(lambda _: time.monotonic() < begun + lasts, itertools.count()):
        spell, place = divmod(number, suffering + resting)
        illness = SUFFERED[spell % len(SUFFERED)] if place < suffering else WELL
        if place in (0, suffering):
            stand.members.infect(ill, illness)
        sample = asyncio.run(_sample(stand, Load(rate, window, looked_at, SHARE), wanted, illness.name, begun))
        told = f"{sample.fresh_p50:.0f}/{sample.fresh_p99:.0f} ms to readers, requests {sample.api_p99:.0f} ms"
        print(f"{sample.second:.0f} s {illness.name}: {sample.hub / MIB:.0f} MiB, {told}", file=sys.stderr, flush=True)
        yield sample
    stand.members.infect(ill, WELL)


async def _sample(
    stand: Stand, load: Load, wanted: Sequence[tuple[int, str, str]], illness: str, begun: float
) -> Sample:
    async with asyncio.TaskGroup() as group:
        looking = group.create_task(looked_on(stand, load))
        asking = group.create_task(api.ask(stand, wanted, ASKED, load.seconds))
    changed, taken, lost = looking.result()
    asked = asking.result()
    taken = taken or [load.seconds * 1000]  # nobody has seen anything
    times = sorted(itertools.chain.from_iterable(asked.times.values())) or [load.seconds * 1000]
    hub, postgres = usage.of_hub(stand.hub.program.pid)
    return Sample(
        second=time.monotonic() - begun,
        illness=illness,
        hub=hub.memory,
        postgres=postgres.memory,
        rate=changed.rate,
        fresh_p50=percentile(taken, 0.5),
        fresh_p99=percentile(taken, 0.99),
        lost=lost,
        api_p50=percentile(times, 0.5),
        api_p99=percentile(times, 0.99),
        failed=asked.failed,
    )


def _wrong(stand: Stand) -> list[str]:
    """Where the inventory is not as the fleet, once the last changes have had their time."""
    for _ in range(SETTLED):
        if not stand.differences():
            return []
        time.sleep(1.0)
    return stand.differences()


def _quarter(samples: Sequence[Sample], number: int) -> Sequence[Sample]:
    size = len(samples) // 4
    return samples[number * size : (number + 1) * size]


def _ratio(early: Sequence[float], late: Sequence[float]) -> float:
    return statistics.median(late) / max(statistics.median(early), 1e-9)
