"""`freshness`: from a change in a cluster to the rows that somebody reads, while the whole fleet changes.

A thousand pods change each second over all clusters. Ten people look at a cluster each: they hear of its changes by
the live stream and read its first rows anew, as the page does (what a browser then takes to paint them: `screen`). Both
ends read the same clock. Beside it: how old the rows of one would be who reads its lists every 5 s, as Rancher does.
"""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack

from bench.console.stopwatch import percentile
from bench.fleet import usage
from bench.fleet.members import Changed, Load
from bench.fleet.readers import Reader, session, waits
from bench.fleet.stand import Stand
from bench.report import Bar, Findings, Run

RATE, QUICK_RATE = 1000.0, 50.0  # changes a second over all clusters
LOOKED_AT = 10  # clusters, where there are so many
SHARE = 0.1  # of the changes that are of what somebody looks at
SECONDS, QUICK_SECONDS = 60.0, 5.0
SETTLE = 3.0  # s: the last change has this long to be seen
HALF, MOST = 300.0, 1000.0  # ms: p50 and p99 of PRODUCT's third bar
SHORT = 0.05  # of the changes that may be missing for the load to count as reached
RIVAL_EVERY = 5.0  # s: Rancher's steve reads its lists anew as often


def run(options: Run) -> Findings:
    """Read the fleet, look on, change it."""
    with Stand.following(options) as stand:
        return found(stand, options)


def found(stand: Stand, options: Run) -> Findings:
    """The same, of a fleet that has been read."""
    rate, seconds = (QUICK_RATE, QUICK_SECONDS) if options.quick else (RATE, SECONDS)
    names = sorted(stand.members.kubeconfigs)[:LOOKED_AT]
    before = [*usage.of_hub(stand.hub.program.pid), usage.of(stand.members.pid)]
    changed, taken, lost = asyncio.run(looked_on(stand, Load(rate, seconds, names, SHARE)))
    after = [*usage.of_hub(stand.hub.program.pid), usage.of(stand.members.pid)]
    spent = [(late.cpu - early.cpu) / (changed.seconds + SETTLE) for early, late in zip(before, after, strict=True)]
    p50, p99 = percentile(taken, 0.5), percentile(taken, 0.99)
    figures = {
        "changes a second": changed.rate,
        "changes that somebody looked at": len(changed.watched),
        "p50, ms": p50,
        "p95, ms": percentile(taken, 0.95),
        "p99, ms": p99,
        "at most, ms": taken[-1],
        "cores of the hub": spent[0],
        "cores of PostgreSQL": spent[1],
        "cores of the simulated fleet": spent[2],
        "p50 of one who reads every 5 s, ms": RIVAL_EVERY * 500,
    }
    bars = [
        Bar.of("p50 from change to reader, ms", measured=p50, at_most=HALF),
        Bar.of("p99 from change to reader, ms", measured=p99, at_most=MOST),
        Bar.of("changes never seen", measured=lost, at_most=0),
        Bar.of("share of the load that was not reached", measured=max(1 - changed.rate / rate, 0), at_most=SHORT),
    ]
    return Findings.of("freshness", figures, bars, [str(stand.size)])


async def looked_on(stand: Stand, load: Load) -> tuple[Changed, list[float], int]:
    """Change the fleet while somebody looks on; the changes, and the milliseconds until those looked at were seen."""
    ids = {cluster["name"]: cluster["id"] for cluster in await asyncio.to_thread(stand.clusters)}
    readers = [Reader(name, ids[name]) for name in load.watched]
    async with session(stand.hub.url, stand.hub.token) as hub, AsyncExitStack() as stack:
        for reader in readers:
            await stack.enter_async_context(reader.looking(hub))
        stand.members.begin(load)
        changed = await asyncio.to_thread(stand.members.ended)
        await asyncio.sleep(SETTLE)
    seen = {pod: moments for reader in readers for pod, moments in reader.seen.items()}
    return changed, *waits(changed.watched, seen)
