"""How a process ends: it stops taking work, lets what runs finish within a bound, and then cuts off the rest."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import Any

import structlog

from basefly.base.resilience.ending import end

GRACE = 30.0  # seconds for what runs when the end begins

log = structlog.get_logger(__name__)


class Shutdown:
    """The end of this process, as something to wait for. Whatever streams for ever ends when it has begun."""

    def __init__(self) -> None:
        self._begun = asyncio.Event()

    @property
    def begun(self) -> bool:
        """Whether the end has begun."""
        return self._begun.is_set()

    def begin(self) -> None:
        """Begin the end. Safe to call twice, and from a signal handler of the loop."""
        self._begun.set()

    async def wait(self) -> None:
        """Return when the end begins."""
        await self._begun.wait()

    @asynccontextmanager
    async def cutting(self) -> AsyncIterator[None]:
        """Run a body that waits for ever, and leave it quietly when the end begins."""
        body = asyncio.current_task()
        assert body is not None, "a coroutine runs in a task"  # noqa: S101  # for the type checker
        cut = False

        async def watch() -> None:
            nonlocal cut
            await self._begun.wait()
            cut = True
            body.cancel()

        watching = asyncio.create_task(watch())
        try:
            yield
        except asyncio.CancelledError:
            if not cut or body.uncancel() > 0:
                raise
        finally:
            watching.cancel()


async def drain(tasks: Iterable[asyncio.Task[Any]], *, grace: float = GRACE) -> None:
    """Wait `grace` seconds for tasks that end by themselves, then cancel the rest and wait for that."""
    waiting = set(tasks)
    if not waiting:
        return
    _, late = await asyncio.wait(waiting, timeout=grace)
    for task in late:
        log.warning("cut off at the end", task=task.get_name())
    await end(*late)
