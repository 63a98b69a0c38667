"""`restart`: a fleet is read for the first time, and then the hub starts again beside clusters that have not changed.

The first sync begins with the first registration and ends when every kind of every cluster is followed; every row is
then there. A restart must list nothing: it goes on from the versions that lie with the rows. It is asked twice: of a
hub that was stopped, and of one that was killed.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from bench.fleet import first
from bench.fleet.first import First
from bench.fleet.size import size
from bench.fleet.stand import Stand
from bench.report import Bar, Findings, Run

FIRST = {"S": 60.0, "M": 450.0, "L": 900.0}  # s; M is no bar of its own and has half of L's time for half of its size
BACK = 10.0  # s until the hub is ready; and, which nobody has promised, until everything is followed again
BACK_KILLED = 30.0  # s: the leases of the one that was killed have to run out first (PRODUCT, bar 15)
GIVEN_UP = 300.0  # s


def run(options: Run) -> Findings:
    """Read the fleet, compare, and start the hub again."""
    with Stand.start(size(options)) as stand:
        return found(stand, first.read(stand, options), options)


def found(stand: Stand, read: First, options: Run) -> Findings:
    """What came of the first sync, and what a restart takes now."""
    wrong = stand.differences()
    killed = _again(stand, stand.hub.program.kill)
    stopped = _again(stand, stand.hub.stop)  # last: the database is its child again, for whoever measures it
    figures = {**read.figures, **_named("after a stop", stopped), **_named("after kill -9", killed)}
    bars = [
        Bar.of("first sync, s", measured=read.seconds, at_most=FIRST[options.size]),
        Bar.of("kinds whose rows are not as many as their objects", measured=len(wrong), at_most=0),
        Bar.of("ready after a stop, s", measured=stopped["until the hub is ready, s"], at_most=BACK),
        Bar.of("followed again after a stop, s", measured=stopped["until all is followed, s"], at_most=BACK),
        Bar.of("followed again after kill -9, s", measured=killed["until all is followed, s"], at_most=BACK_KILLED),
        Bar.of("lists asked of the members by a restart", measured=stopped["lists"], at_most=0),
        Bar.of("lists asked of the members after kill -9", measured=killed["lists"], at_most=0),
    ]
    return Findings.of("restart", figures, bars, [str(stand.size), *wrong[:10]])


def _again(stand: Stand, end: Callable[[], object]) -> Mapping[str, float]:
    """End the hub, start it again, and wait until each kind has shown a sign of life since."""
    end()
    stand.members.asked()
    since, begun = datetime.now(UTC), time.monotonic()
    stand.hub.begin()
    ready = time.monotonic() - begun
    stand.read(seconds=GIVEN_UP, since=since)
    asked = stand.members.asked()
    return {
        "until the hub is ready, s": ready,
        "until all is followed, s": time.monotonic() - begun,
        "lists": asked.get("list", 0),
        "watches": asked.get("watch", 0),
    }


def _named(when: str, figures: Mapping[str, float]) -> Mapping[str, float]:
    return {f"{when}: {name}": value for name, value in figures.items()}
