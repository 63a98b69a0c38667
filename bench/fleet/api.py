"""`api`: two hundred requests a second of all sorts, while the fleet changes and the hub follows it on the same cores.

Requests begin at an even rate whatever the answers take, and a time counts from when its request was due: who falls
behind does not ask less. Every answer must be a success; the times are of those that are. What the first seconds take,
in which a hub that nobody has asked yet plans its statements and learns who asks, is told by itself.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Mapping, Sequence
from typing import Any

import aiohttp

from bench.console.stopwatch import percentile
from bench.fleet.members import Load
from bench.fleet.readers import session
from bench.fleet.stand import Stand
from bench.report import Bar, Findings, Run

SEED = 20261124
RATE, QUICK_RATE = 200.0, 20.0  # requests a second
EVENTS, QUICK_EVENTS = 500.0, 20.0  # changes a second
SECONDS, QUICK_SECONDS = 60.0, 5.0
FIRST, QUICK_FIRST = 10.0, 2.0  # seconds before those, asked as much
SLOWEST = 50.0  # ms, p95 of PRODUCT's tenth bar
SHORT = 0.05  # of the load that may be missing for it to count as reached
LATE = 1000.0  # ms after which a request that was due does not count as sent in time
LIST, PAGE = "/api/v1/objects", "text/html"


def mix(clusters: Sequence[Mapping[str, Any]], pods: Sequence[Mapping[str, Any]]) -> Sequence[tuple[int, str, str]]:
    """What is asked, each with its weight in hundred and its sort: lists, filters, search, facets, objects, pages."""
    one, pod = clusters[0]["name"], pods[0]
    live = f"/api/v1/clusters/{pod['cluster']['id']}/objects/pods/{pod['name']}?namespace={pod['namespace']}"
    return (
        (12, "list", f"{LIST}/pods?limit=100"),
        (8, "list", f"{LIST}/pods?limit=100&sort=-age"),
        (8, "list of a cluster", f"{LIST}/pods?limit=100&cluster={one}"),
        (8, "list, filtered", f"{LIST}/pods?limit=100&namespace={pod['namespace']}"),
        (6, "list, filtered", f"{LIST}/pods?limit=100&health=bad"),
        (6, "list", f"{LIST}/deployments.apps?limit=100"),
        (6, "list", f"{LIST}/nodes?limit=100"),
        (6, "list", "/api/v1/events?limit=100"),
        (10, "clusters", "/api/v1/clusters?limit=100"),
        (8, "search", "/api/v1/search?q=checkout"),
        (6, "facets", f"{LIST}/pods/facets"),
        (6, "object, live", live),
        (10, "page", "/pods"),
    )


def run(options: Run) -> Findings:
    """Read the fleet, change it, ask."""
    with Stand.following(options) as stand:
        return found(stand, options)


def found(stand: Stand, options: Run) -> Findings:
    """The same, of a fleet that has been read."""
    rate, events, seconds = (QUICK_RATE, QUICK_EVENTS, QUICK_SECONDS) if options.quick else (RATE, EVENTS, SECONDS)
    first = QUICK_FIRST if options.quick else FIRST
    wanted = mix(stand.clusters(), stand.hub.get("/objects/pods", limit=1)["items"])
    stand.members.begin(Load(events, first + seconds))
    asked = asyncio.run(ask(stand, wanted, rate, seconds, first))
    changed = stand.members.ended()
    every = sorted(taken for times in asked.times.values() for taken in times)
    p95 = percentile(every, 0.95)
    figures = {
        "requests a second": asked.count / (first + seconds),
        "changes a second": changed.rate,
        "answered a second": len(every) / seconds,
        "p50, ms": percentile(every, 0.5),
        "p95, ms": p95,
        "p99, ms": percentile(every, 0.99),
        "p95 of the first seconds, ms": percentile(sorted(asked.first) or [first * 1000], 0.95),
        **{f"{sort}: p95, ms": percentile(sorted(times), 0.95) for sort, times in sorted(asked.times.items())},
    }
    bars = [
        Bar.of("p95, ms", measured=p95, at_most=SLOWEST),
        Bar.of("answers that were no success", measured=asked.failed, at_most=0),
        Bar.of("share of the requests that was not sent in time", measured=asked.late / asked.count, at_most=SHORT),
        Bar.of("share of the changes that was not reached", measured=max(1 - changed.rate / events, 0), at_most=SHORT),
    ]
    return Findings.of("api", figures, bars, [str(stand.size), *asked.failures[:5]])


class Asked:
    """What came of the requests: milliseconds by sort, of those that were answered; of the first ones by themselves."""

    def __init__(self, since: float) -> None:
        self.since = since  # of the monotonic clock: whatever was due before is one of the first
        self.times: dict[str, list[float]] = {}
        self.first: list[float] = []
        self.failures: list[str] = []
        self.count = self.failed = self.late = 0


async def ask(
    stand: Stand, wanted: Sequence[tuple[int, str, str]], rate: float, seconds: float, first: float = 0.0
) -> Asked:
    """So many requests a second for so many seconds, after those that are `first`, each begun when it is due."""
    chance = random.Random(SEED)
    weights = [weight for weight, _, _ in wanted]
    async with session(stand.hub.url, stand.hub.token) as hub, asyncio.TaskGroup() as group:
        begun = time.perf_counter()
        asked = Asked(begun + first)
        for number in range(int(rate * (first + seconds))):
            due = begun + number / rate
            await asyncio.sleep(due - time.perf_counter())
            _, sort, path = chance.choices(wanted, weights)[0]
            group.create_task(_one(hub, path, sort, due, asked))
    return asked


async def _one(hub: aiohttp.ClientSession, path: str, sort: str, due: float, asked: Asked) -> None:
    asked.count += 1
    asked.late += (time.perf_counter() - due) * 1000 > LATE
    headers = {"Accept": PAGE} if sort == "page" else {}
    try:
        async with hub.get(path, headers=headers) as answer:
            await answer.read()
            problem = "" if answer.status == 200 else f"{path} answered {answer.status}"
    except (aiohttp.ClientError, TimeoutError) as error:
        problem = f"{path}: {error!r}"
    if not problem:
        times = asked.times.setdefault(sort, []) if due >= asked.since else asked.first
        times.append((time.perf_counter() - due) * 1000)
    else:
        asked.failed += 1
        asked.failures.append(problem)
