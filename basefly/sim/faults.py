"""Faults of one cluster, switched on and off at run time, and the watches that can be cut."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from aiohttp import web

from basefly.sim.requests import Target
from basefly.sim.status import Refusal, expired, too_many, unauthorized


class Effect(StrEnum):
    """What happens to a request that a fault meets."""

    SLOW = "slow"
    """The answer begins `seconds` later."""
    HANG = "hang"
    """There is never an answer; the connection stays open."""
    RESET = "reset"
    """The connection is cut without an answer."""
    UNAUTHORIZED = "unauthorized"
    FORBIDDEN = "forbidden"
    GONE = "gone"
    """410 Expired: as the answer of a list, as an ERROR event in a watch."""
    GONE_AT_ONCE = "gone at once"
    """410 Expired as the HTTP status, in watches too."""
    TOO_MANY = "too many requests"
    """429 with Retry-After: `seconds`."""
    ERROR = "error"
    """The HTTP status `code`, a 5xx."""
    UNSTREAMED = "unstreamed"
    """Watches refuse sendInitialEvents, as servers before 1.32 do."""


@dataclass
class Fault:
    """Whom a fault meets: every request, unless `resource` (plural) or `verb` narrow it; `times` of them, or all."""

    effect: Effect
    resource: str | None = None
    verb: str | None = None
    times: int | None = None
    seconds: float = 1.0
    code: int = 500
    struck: int = 0

    def meets(self, target: Target) -> bool:
        if self.times is not None and self.struck >= self.times:
            return False
        return self.resource in (None, target.resource) and self.verb in (None, target.verb)


class Faults:
    """The faults of one cluster. `with faults.inject(Effect.HANG, verb="watch"): …` takes it back at the end."""

    def __init__(self) -> None:
        self._active: list[Fault] = []
        self._watching: list[web.BaseRequest] = []

    @property
    def open_watches(self) -> int:
        return len(self._watching)

    def add(self, effect: Effect, **narrowed: Any) -> Fault:
        """Switch a fault on; the keywords are the fields of `Fault`."""
        fault = Fault(effect, **narrowed)
        self._active.append(fault)
        return fault

    @contextmanager
    def inject(self, effect: Effect, **narrowed: Any) -> Iterator[Fault]:
        """Switch a fault on for a block."""
        fault = self.add(effect, **narrowed)
        try:
            yield fault
        finally:
            self.remove(fault)

    def remove(self, fault: Fault) -> None:
        if fault in self._active:
            self._active.remove(fault)

    def clear(self) -> None:
        self._active.clear()

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
        return self._first(target, (effect,)) is not None

    async def strike(self, request: web.BaseRequest, target: Target) -> None:
        """Let the faults that meet a request do what they do before it is answered."""
        if slow := self._first(target, (Effect.SLOW,)):
            await asyncio.sleep(slow.seconds)
        if self._first(target, (Effect.HANG,)):
            await asyncio.Event().wait()
        if self._first(target, (Effect.RESET,)):
            if request.transport is not None:
                request.transport.abort()
            raise ConnectionResetError("cut by a fault")
        if fault := self._first(target, tuple(_REFUSALS)):
            raise _REFUSALS[fault.effect](fault, target)
        if target.verb != "watch" and self.strikes(Effect.GONE, target):
            raise expired("The provided resource version is no longer available.")

    def _first(self, target: Target, effects: tuple[Effect, ...]) -> Fault | None:
        for fault in self._active:
            if fault.effect in effects and fault.meets(target):
                fault.struck += 1
                return fault
        return None


def _error(fault: Fault, _target: Target) -> Refusal:
    reason = "ServiceUnavailable" if fault.code == 503 else "InternalError"
    return Refusal(fault.code, reason, "Internal error occurred: a fault was injected")


def _forbidden(_fault: Fault, target: Target) -> Refusal:
    where = f'in the namespace "{target.namespace}"' if target.namespace else "at the cluster scope"
    message = f'{target.resource} is forbidden: User cannot {target.verb} resource "{target.resource}" {where}'
    return Refusal(403, "Forbidden", message, group=target.group or None, kind=target.resource)


_REFUSALS: dict[Effect, Callable[[Fault, Target], Refusal]] = {
    Effect.UNAUTHORIZED: lambda *_: unauthorized(),
    Effect.FORBIDDEN: _forbidden,
    Effect.GONE_AT_ONCE: lambda *_: expired("The provided resource version is no longer available."),
    Effect.TOO_MANY: lambda fault, _: too_many(int(fault.seconds)),
    Effect.ERROR: _error,
}
