"""What happens by itself: controllers run until the end, and whatever breaks one only makes it start again."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Sequence
from typing import Protocol

import structlog

from basefly.base.resilience.ending import end

FIRST, LAST = 0.5, 60.0  # seconds: ceiling of the first pause, and of every pause
HEALTHY = 120.0  # seconds of running after which the pauses begin anew

log = structlog.get_logger(__name__)


class Controller(Protocol):
    """Something that reconciles the world with what is wanted, for as long as the process lives."""

    @property
    def name(self) -> str:
        """Its name in logs and metrics."""
        ...

    async def run(self) -> None:
        """Run until cancelled."""
        ...


async def supervise(controllers: Sequence[Controller], *, first: float = FIRST, last: float = LAST) -> None:
    """Run them side by side until cancelled. One that raises, or returns, starts again after a pause with full jitter.

    Pauses double from `first` to `last` seconds; none ever ends the others.
    """
    running = [asyncio.create_task(_keep_running(one, first, last), name=one.name) for one in controllers]
    try:
        if running:
            await asyncio.wait(running)  # gather would end with the first that ends, and cut the others' cleaning up
    finally:
        await end(*running)


async def _keep_running(controller: Controller, first: float, last: float) -> None:
    failures = 0
    while True:
        begun = time.monotonic()
        try:
            await controller.run()
            log.warning("a controller ended by itself", controller=controller.name)
        except Exception:
            log.exception("a controller failed", controller=controller.name)
        failures = 1 if time.monotonic() - begun > HEALTHY else failures + 1
        pause = random.uniform(0, min(last, first * 2 ** min(failures - 1, 16)))  # noqa: S311  # jitter is no secret
        await asyncio.sleep(pause)
