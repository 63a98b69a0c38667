"""Name servers that hang, and names that are known."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest

from basefly.base.resilience.lookups import THREADS, Found, Lookups
from tests.base.resilience.clock import Clock

ANSWER: Found = [(2, 1, 6, "", ("192.0.2.1", 443))]


class NameServer:
    """Answers, or hangs until it is let go, or fails."""

    def __init__(self) -> None:
        self.hangs: set[str] = set()
        self.fails: set[str] = set()
        self.asked: list[str] = []
        self.let_go = threading.Event()

    def __call__(self, host: str, *_: Any, **__: Any) -> Found:
        self.asked.append(host)
        if host in self.hangs:
            self.let_go.wait(30)
        if host in self.fails:
            raise OSError("no such name")
        return ANSWER


async def test_many_who_ask_for_one_name_ask_once() -> None:
    server = NameServer()
    server.hangs = {"a.example"}
    lookups = Lookups(server)
    asking = [asyncio.create_task(lookups.find("a.example", 443)) for _ in range(50)]
    await asyncio.sleep(0.05)
    server.let_go.set()
    assert await asyncio.gather(*asking) == [ANSWER] * 50
    assert server.asked == ["a.example"]


async def test_whoever_gives_up_takes_nothing_from_those_who_wait() -> None:
    server = NameServer()
    server.hangs = {"a.example"}
    lookups = Lookups(server)
    one, other = (asyncio.create_task(lookups.find("a.example", 443)) for _ in range(2))
    await asyncio.sleep(0.05)
    one.cancel()
    server.let_go.set()
    assert await other == ANSWER


async def test_names_that_were_slow_hold_up_no_quick_one() -> None:
    clock, server = Clock(), NameServer()
    slow = [f"{number}.slow" for number in range(2 * THREADS)]
    lookups = Lookups(server, clock=clock)
    for name in slow:
        server.hangs = {name}
        server.let_go.clear()
        asking = asyncio.create_task(lookups.find(name, 443))
        await asyncio.sleep(0.01)
        clock.go(5.0)
        server.let_go.set()
        await asking
    server.let_go.clear()
    server.hangs = set(slow)
    hanging = [asyncio.create_task(lookups.find(name, 443, patience=60)) for name in slow]
    try:
        async with asyncio.timeout(5):
            assert await lookups.find("quick.example", 443) == ANSWER
    finally:
        server.let_go.set()
        await asyncio.gather(*hanging)


async def test_while_a_name_server_hangs_its_last_answer_serves() -> None:
    server = NameServer()
    lookups = Lookups(server)
    await lookups.find("a.example", 443)
    server.hangs = {"a.example"}
    assert await lookups.find("a.example", 443, patience=0.01) == ANSWER
    server.let_go.set()


async def test_a_name_that_is_not_there_is_said_at_once() -> None:
    server = NameServer()
    server.fails = {"a.example"}
    with pytest.raises(OSError, match="no such name"):
        await Lookups(server).find("a.example", 443)
