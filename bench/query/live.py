"""The same questions of a hub that follows its fleet, which nobody else is asked: a part of `fleet`."""

from __future__ import annotations

import asyncio
import statistics
from collections.abc import Iterator

from bench.console.stopwatch import percentile
from bench.fleet.stand import Stand
from bench.query import load
from bench.query.load import USERS, Users
from bench.query.questions import groups, streams
from bench.report import Bar, Findings, Run
from e2e.hub import Hub

SECONDS, QUICK_SECONDS = 10.0, 2.0  # of each group
WARM = 2.0  # s of each group that are not counted: caches of the database and prepared statements
STREAMED, MOST_STREAM = 10_000, 1000.0  # rows of a file, and ms until its last byte
SEED = 20261129


def signed_in(hub: Hub) -> Users:
    """Fifty users, each by a token of their own."""
    return Users(hub.url, [{"Authorization": f"Bearer {token}"} for token in _tokens(hub)])


def found(stand: Stand, options: Run) -> Findings:
    """What fifty users wait for, group by group; the fleet does not change meanwhile."""
    users, figures, bars = signed_in(stand.hub), dict[str, float](), list[Bar]()
    seconds = QUICK_SECONDS if options.quick else SECONDS
    for group in groups():
        asyncio.run(load.offered(users, group.questions, rate=group.rate, seconds=min(WARM, seconds), seed=SEED))
        waited = asyncio.run(load.offered(users, group.questions, rate=group.rate, seconds=seconds, seed=SEED))
        p50, p99 = (percentile(waited.all, share) for share in (0.5, 0.99))
        figures |= {f"{group.name}: p50, ms": p50, f"{group.name}: p99, ms": p99}
        slowest = max(group.questions, key=lambda name: statistics.median(waited.waits[name] or [0.0]))
        figures[f"{group.name}: p50 of the slowest, {slowest}, ms"] = statistics.median(waited.waits[slowest])
        bars.append(Bar.of(f"{group.name}: p99, ms", measured=p99, at_most=group.most[options.size]))
    clusters = sorted(stand.members.kubeconfigs)[: max(1, STREAMED // stand.size.pods)]
    for form, path in streams(clusters).items():
        what = f"{STREAMED:,} rows, {form}, ms"
        took = [asyncio.run(load.streamed(users, path, 1)) for _ in range(options.rounds)]
        figures[what] = statistics.median(took) * 1000
        bars.append(Bar.of(what, measured=figures[what], at_most=MOST_STREAM))
    return Findings.of("reading", figures, bars, [str(stand.size), f"{USERS} users, each by a token of their own"])


def _tokens(hub: Hub) -> Iterator[str]:
    with hub.session() as browser:
        for number in range(USERS):
            body = {"name": f"user {number} of {hub.port}", "expires_in_days": 1}
            made = browser.post("/api/v1/tokens", json=body)
            made.raise_for_status()
            yield made.json()["token"]
