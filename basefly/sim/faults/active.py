"""The faults of one cluster, switched on and off at run time, and the watches that can be cut."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import msgspec
from aiohttp import web

from basefly.sim.faults.effects import Effect, Fault
from basefly.sim.faults.refusals import REFUSALS, conflict, gone, is_write
from basefly.sim.requests import Target
from basefly.sim.store import tokens


class Faults:
    """The faults of one cluster. `with faults.inject(Effect.HANG, verb="watch"): …` takes it back at the end."""

    def __init__(self) -> None:
        self.active: list[Fault] = []
        self._watching: list[web.BaseRequest] = []
        self._numbers = 0

    @property
    def open_watches(self) -> int:
        return len(self._watching)

    def add(self, effect: Effect | str, **narrowed: Any) -> Fault:
        """Switch a fault on; the keywords are the fields of `Fault`, a ValueError says which is wrong."""
        fault = msgspec.convert({"effect": effect} | narrowed, Fault)
        self._numbers += 1
        fault.number = self._numbers
        self.active.append(fault)
        return fault

    @contextmanager
    def inject(self, effect: Effect | str, **narrowed: Any) -> Iterator[Fault]:
        """Switch a fault on for a block."""
        fault = self.add(effect, **narrowed)
        try:
            yield fault
        finally:
            self.remove(fault)

    def remove(self, fault: Fault) -> None:
        if fault in self.active:
            self.active.remove(fault)

    def clear(self) -> None:
        self.active.clear()

    def lasts(self, fault: Fault) -> bool:
        """Whether what a fault has struck still suffers from it."""
        return fault in self.active and fault.lasts

    def drop_watches(self) -> int:
        """Cut the connection under every open watch; returns how many there were."""
        dropped = [request for request in self._watching if request.transport is not None]
        for request in dropped:
            request.transport.abort()  # type: ignore[union-attr]  # filtered on the line above
        return len(dropped)

    @contextmanager
    def watching(self, request: web.BaseRequest) -> Iterator[None]:
        """Count a watch among those that can be dropped."""
        self._watching.append(request)
        try:
            yield
        finally:
            self._watching.remove(request)

    def strikes(self, effect: Effect, target: Target) -> bool:
        """Whether a fault of this effect meets the request; counts it if so."""
        return self.first(target, (effect,)) is not None

    def first(self, target: Target, effects: Iterable[Effect]) -> Fault | None:
        """The first fault of these effects that strikes."""
        return next((fault for fault in self.active if fault.effect in effects and fault.strikes(target)), None)

    def felt(self, target: Target, effects: Iterable[Effect], judged: dict[Fault, bool]) -> dict[Effect, Fault]:
        """The faults of these effects that last for one answer: each strikes it, or not, when it is first looked at."""
        for fault in self.active:
            if fault.effect in effects and fault not in judged:
                judged[fault] = fault.strikes(target)
        struck = (fault for fault in self.active if fault.effect in effects and judged[fault] and fault.lasts)
        return {fault.effect: fault for fault in struck}

    async def strike(self, request: web.BaseRequest, target: Target) -> None:
        """Let the faults that meet a request do what they do before it is answered."""
        if not self.active:
            return
        if slow := self.first(target, (Effect.SLOW,)):
            await asyncio.sleep(slow.seconds)
        if self.strikes(Effect.HANG, target):
            await asyncio.Event().wait()
        if self.strikes(Effect.RESET, target):
            if request.transport is not None:
                request.transport.abort()
            raise ConnectionResetError("cut by a fault")
        if fault := self.first(target, REFUSALS):
            raise REFUSALS[fault.effect](fault, target)
        if is_write(target) and self.strikes(Effect.CONFLICT, target):
            raise conflict(target)
        if "continue" in request.query and self.strikes(Effect.GONE_ON_PAGE, target):
            raise tokens.outdated(tokens.decode(request.query["continue"]))
        if target.verb != "watch" and self.strikes(Effect.GONE, target):
            raise gone()
