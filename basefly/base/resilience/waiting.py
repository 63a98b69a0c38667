"""Waiting for something to happen, but not for ever; and for what somebody else is asking already."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from typing import Generic, TypeVar

T = TypeVar("T")


async def happens(event: asyncio.Event, *, within: float) -> bool:
    """Wait until the event is set, at most so many seconds; whether it was."""
    try:
        async with asyncio.timeout(within):
            return await event.wait()
    except TimeoutError:
        return False


class _GivenUp(Exception):
    """Who asked for us has failed, or wants to know no more: that is no answer of ours."""


class Together(Generic[T]):
    """One asks for all who want the same at the same time: what is slow is not asked the more often the slower it is.

    Used within one event loop.
    """

    def __init__(self) -> None:
        self._asked: dict[Hashable, asyncio.Future[T]] = {}

    async def ask(self, what: Hashable, read: Callable[[], Awaitable[T]]) -> T:
        """What `read` brings, ours or that of somebody who asks it already. Where theirs fails ours is tried."""
        while (asked := self._asked.get(what)) is not None:
            try:
                return await asyncio.shield(asked)
            except _GivenUp:
                continue
        asked = self._asked[what] = asyncio.get_running_loop().create_future()
        try:
            answer = await read()
        except BaseException:
            self._over(what, asked)
            asked.set_exception(_GivenUp())
            asked.exception()  # perhaps nobody waits
            raise
        self._over(what, asked)
        asked.set_result(answer)
        return answer

    def asks(self, what: Hashable) -> bool:
        """Whether somebody asks it already."""
        return what in self._asked

    def close(self, what: Hashable) -> None:
        """Who comes from now on asks anew: what is asked already may not tell what they know of."""
        self._asked.pop(what, None)

    def _over(self, what: Hashable, asked: asyncio.Future[T]) -> None:
        if self._asked.get(what) is asked:
            del self._asked[what]
