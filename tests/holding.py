"""Nobody who holds a connection to the database asks for another: when all do so at once, all wait for ever."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from contextvars import ContextVar
from pathlib import Path
from types import FrameType
from typing import Any
from uuid import UUID

import pytest

import basefly
from basefly.base.db.pooling.connections import Connections
from basefly.base.web.server import Hub

OURS = str(Path(basefly.__file__).parent)
HANDING_OUT = (f"{OURS}/base/db/pool.py", f"{OURS}/base/db/pooling/", f"{OURS}/base/db/transaction.py")

Handed = Callable[[Connections, UUID | None], AbstractAsyncContextManager[Any]]


class Holder:
    """A connection that is handed out: of which pool, to which task, at which line of ours; "" to a test."""

    def __init__(self, pool: Connections) -> None:
        self.pool, self.task, self.line = pool, asyncio.current_task(), _line(sys._getframe(2))

    @property
    def holds(self) -> bool:
        """Whether it is our task, or one whose only purpose was to bring us the connection, as a handler's `tx`."""
        return self.task is asyncio.current_task() or self.task is None or self.task.done()


_HOLDERS: ContextVar[list[Holder] | None] = ContextVar("holders", default=None)


@pytest.fixture(autouse=True)
def nobody_holds_two_connections(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Look at every connection that is handed out, and fail if whoever gets it holds one of the same pool."""
    faults: list[str] = []
    answered = Hub._unframed

    def watched(handed: Handed) -> Handed:
        @asynccontextmanager
        async def watching(pool: Connections, org_id: UUID | None) -> AsyncIterator[Any]:
            asks, holders = Holder(pool), _HOLDERS.get()
            if holders is None:
                _HOLDERS.set(holders := [])
            faults.extend(
                f"{asks.line} asks, {one.line} holds"
                for one in holders
                if one.pool is pool and one.holds and one.line and asks.line
            )
            async with handed(pool, org_id) as connection:
                holders.append(asks)
                try:
                    yield connection
                finally:
                    holders.remove(asks)

        return watching

    async def answering(self: Hub, *asked: Any) -> None:
        _HOLDERS.set([])  # shared by all tasks of a request, of which one brings `tx`
        await answered(self, *asked)

    monkeypatch.setattr(Connections, "writing", watched(Connections.writing))
    monkeypatch.setattr(Connections, "reading", watched(Connections.reading))
    monkeypatch.setattr(Hub, "_unframed", answering)
    yield
    assert faults == []


def _line(frame: FrameType | None) -> str:
    """Who asks, outside of what hands out."""
    while frame is not None:
        name = frame.f_code.co_filename
        if name.startswith(OURS) and not name.startswith(HANDING_OUT):
            return f"{name.removeprefix(OURS)}:{frame.f_lineno}"
        if "/tests/" in name and name != __file__:
            return ""
        frame = frame.f_back
    return ""
