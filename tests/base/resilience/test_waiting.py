"""Waiting for something that happens, and for something that does not."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from basefly.base.resilience.waiting import Together, happens


async def test_what_happens_ends_the_wait() -> None:
    event = asyncio.Event()
    waiting = asyncio.create_task(happens(event, within=30.0))
    await asyncio.sleep(0)
    event.set()
    event.clear()  # a moment is enough
    async with asyncio.timeout(5):
        assert await waiting


async def test_what_does_not_happen_is_waited_for_no_longer_than_told() -> None:
    assert not await happens(asyncio.Event(), within=0.01)


class TestTogether:
    async def test_one_asks_for_all_who_want_the_same(self) -> None:
        together, asked, go = Together[str](), list[str](), asyncio.Event()

        def asking(name: str) -> Callable[[], Awaitable[str]]:
            async def ask() -> str:
                asked.append(name)
                await go.wait()
                return name

            return ask

        tasks = [asyncio.create_task(together.ask(what, asking(who))) for what, who in ("ax", "ay", "bz")]
        await asyncio.sleep(0)
        go.set()
        assert await asyncio.gather(*tasks) == ["x", "x", "z"]
        assert asked == ["x", "z"]
        assert await together.ask("a", asking("later")) == "later"

    @pytest.mark.parametrize("how", ["fails", "leaves"])
    async def test_where_one_gives_up_the_next_asks(self, how: str) -> None:
        together, go = Together[str](), asyncio.Event()

        async def first() -> str:
            await go.wait()
            raise RuntimeError("no")

        async def second() -> str:
            return "told"

        asker = asyncio.create_task(together.ask("a", first))
        await asyncio.sleep(0)
        waiting = [asyncio.create_task(together.ask("a", second)) for _ in range(2)]
        await asyncio.sleep(0)
        if how == "leaves":
            asker.cancel()
        go.set()
        assert await asyncio.gather(*waiting) == ["told", "told"]
        with pytest.raises((RuntimeError, asyncio.CancelledError)):
            await asker

    async def test_who_waits_no_longer_takes_nobody_along(self) -> None:
        together, go = Together[str](), asyncio.Event()

        async def read() -> str:
            await go.wait()
            return "told"

        asker, leaving, staying = [asyncio.create_task(together.ask("a", read)) for _ in range(3)]
        await asyncio.sleep(0)
        leaving.cancel()
        await asyncio.sleep(0)
        go.set()
        assert [await asker, await staying] == ["told", "told"]
