"""Users who ask at moments of their own, whether or not the last answer has come (an open loop), on kept connections.

A wait is counted from the moment at which a user wanted to ask: who has to wait for an answer before asking again
waits longer, and no slow answer hides those that it delayed.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack

import aiohttp
import msgspec

from bench.console.stopwatch import percentile

USERS = 50
REACHED = 1.1  # times as long as requests were offered they may be answered: a longer queue is one that only grows
GIVE_UP = 3.0  # times as long users ask on; whoever is overrun has shown it by then
LATE = 20.0  # ms, p99: later than this the generator itself is what is measured


class Users(msgspec.Struct, frozen=True):
    """Where to ask, and how each user shows who they are."""

    url: str
    headers: Sequence[Mapping[str, str]]


class Waited(msgspec.Struct, frozen=True, kw_only=True):
    """What users waited for, in milliseconds, by question; how late the generator was; seconds of it all."""

    offered: int
    waits: Mapping[str, Sequence[float]]
    late: float
    seconds: float

    @property
    def all(self) -> list[float]:
        return sorted(wait for waits in self.waits.values() for wait in waits)


async def offered(users: Users, questions: Mapping[str, str], *, rate: float, seconds: float, seed: int) -> Waited:
    """Ask so many questions a second for so long. SystemExit for an answer that is not 200."""
    asked = Asking(questions, seconds * GIVE_UP)
    async with AsyncExitStack() as stack:
        plans = []
        for number, headers in enumerate(users.headers):
            http = await stack.enter_async_context(_client(users.url, headers))
            chance = random.Random(f"{seed}/{number}")  # repeatable
            plans.append((http, _plan(list(questions), rate / len(users.headers), seconds, chance)))
        await asyncio.gather(*(_ask(http, next(iter(questions.values()))) for http, _ in plans))  # connections open
        asked.begun = time.perf_counter() + 0.1
        await asyncio.gather(*(asked.user(http, plan) for http, plan in plans))
    return Waited(
        offered=sum(len(plan) for _, plan in plans),
        waits=asked.waits,
        late=percentile(sorted(asked.late), 0.99) if asked.late else 0.0,
        seconds=time.perf_counter() - asked.begun,
    )


class Asking:
    """One run of the generator: what was waited for each question, and how late it asked, in milliseconds."""

    def __init__(self, questions: Mapping[str, str], patience: float) -> None:
        self.begun = 0.0
        self.patience = patience
        self.waits: dict[str, list[float]] = {name: [] for name in questions}
        self.late: list[float] = []
        self._questions = questions

    async def user(self, http: aiohttp.ClientSession, plan: Sequence[tuple[float, str]]) -> None:
        """Ask what the plan says when it says so, or as soon as the answer before has come."""
        for at, name in plan:
            wanted = self.begun + at
            if time.perf_counter() > self.begun + self.patience:
                return
            early = wanted - time.perf_counter()
            if early > 0:
                await asyncio.sleep(early)
                self.late.append((time.perf_counter() - wanted) * 1000)
            await _ask(http, self._questions[name])
            self.waits[name].append((time.perf_counter() - wanted) * 1000)


async def busy(users: Users, questions: Mapping[str, str], *, seconds: float) -> float:
    """Answers a second when every user asks again at once (a closed loop): how much there is room for."""
    done = 0

    async def user(http: aiohttp.ClientSession, number: int, until: float) -> None:
        nonlocal done
        paths = list(questions.values())
        while time.perf_counter() < until:
            await _ask(http, paths[number % len(paths)])
            number += 1
            done += 1

    async with AsyncExitStack() as stack:
        clients = [await stack.enter_async_context(_client(users.url, headers)) for headers in users.headers]
        begun = time.perf_counter()
        await asyncio.gather(*(user(http, number, begun + seconds) for number, http in enumerate(clients)))
        return done / (time.perf_counter() - begun)


async def streamed(users: Users, path: str, rows: int) -> float:
    """Seconds until the last byte of a file of so many rows. SystemExit if it has fewer."""
    async with _client(users.url, users.headers[0]) as http:
        begun = time.perf_counter()
        body = await _ask(http, path)
        took = time.perf_counter() - begun
    lines = body.count(b"\n")
    if lines < rows:
        raise SystemExit(f"{path} has {lines} lines, not {rows}")
    return took


def _client(url: str, headers: Mapping[str, str]) -> aiohttp.ClientSession:
    return aiohttp.ClientSession(url, headers=headers, timeout=aiohttp.ClientTimeout(total=60))


def _plan(names: Sequence[str], rate: float, seconds: float, chance: random.Random) -> list[tuple[float, str]]:
    """When a user asks what: moments of a Poisson process, questions evenly mixed."""
    plan, at = [], chance.expovariate(rate)
    while at < seconds:
        plan.append((at, chance.choice(names)))
        at += chance.expovariate(rate)
    return plan


async def _ask(http: aiohttp.ClientSession, path: str) -> bytes:
    async with http.get(path) as answer:
        body = await answer.read()
        if answer.status != 200:
            raise SystemExit(f"{path} answered {answer.status}: {body[:300]!r}")
        return body
