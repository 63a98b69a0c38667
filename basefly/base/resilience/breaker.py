"""A circuit breaker: after enough failures nobody waits for a dead neighbour, and few ask whether it is back."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from typing import Literal

import msgspec

from basefly.base.errors import Unavailable

State = Literal["closed", "open", "half_open"]


class CircuitOpen(Unavailable):
    """Not even tried: the last calls failed. `retry_after` is in seconds."""

    code, title = "circuit_open", "It has been failing"

    def __init__(self, name: str, retry_after: float) -> None:
        wait = max(1, round(retry_after + 0.5))
        super().__init__(f"{name} failed too often a moment ago.", cure=f"Try again in {wait} s.", retry_after=wait)
        self.retry_after = retry_after


class Limits(msgspec.Struct, frozen=True):
    """When a breaker opens and for how long. Times are seconds."""

    window: float = 30.0
    slots: int = 10
    calls: int = 20  # fewer calls in the window say nothing
    failure_ratio: float = 0.5
    slow_ratio: float = 0.8
    slow: float = 5.0  # a call that takes longer is slow
    opens_for: float = 5.0  # doubled each time in a row,
    opens_at_most: float = 120.0  # up to this,
    spread: float = 0.2  # and spread by this share, so that many do not come back at once
    suspected_for: float = 30.0  # however often in a row: whoever found it dead goes on looking, and closes it sooner
    probes: int = 2


class _Slot:
    __slots__ = ("calls", "failures", "number", "slow")

    def __init__(self, number: int) -> None:
        self.number, self.calls, self.failures, self.slow = number, 0, 0, 0


class Breaker:
    """Closed: calls pass and are counted. Open: none pass. Half open: a few probes decide.

    Every `enter` is answered by exactly one `leave` with the Ticket it gave.
    """

    def __init__(
        self,
        name: str,
        *,
        limits: Limits | None = None,
        clock: Callable[[], float] = time.monotonic,
        jitter: Callable[[float, float], float] = random.uniform,
    ) -> None:
        self.name = name
        self._limits = limits or Limits()
        self._clock = clock
        self._jitter = jitter
        self._slots: list[_Slot] = []
        self._state: State = "closed"
        self._until = 0.0
        self._well_at = float("-inf")  # when a call last proved that it is well
        self._suspected = False
        self._opened = 0  # times in a row
        self._opened_at = float("-inf")
        self._era = 0  # tickets of an era that is over count no more
        self._probing = self._passed = 0

    @property
    def state(self) -> State:
        """What the next call would meet."""
        if self._state == "open" and self._clock() >= self._until:
            return "half_open"
        return self._state

    @property
    def opened_for(self) -> float:
        """Seconds since it was opened last."""
        return self._clock() - self._opened_at

    def check(self) -> None:
        """Raises CircuitOpen while it is open."""
        if self._state == "open" and (left := self._until - self._clock()) > 0:
            raise CircuitOpen(self.name, left)

    def enter(self) -> Ticket:
        """Ask to call; raises CircuitOpen."""
        self.check()
        now = self._clock()
        if self._state == "open":
            self._turn("half_open")
        if self._state == "half_open":
            if self._probing + self._passed >= self._limits.probes:
                raise CircuitOpen(self.name, self._limits.opens_for)
            self._probing += 1
        return Ticket(self._era, now)

    def leave(self, ticket: Ticket, *, failed: bool | None, proof: bool = True) -> None:
        """Tell how the call went; None: nobody knows, for it was cancelled.

        One that went well is a `proof` unless it only reached the door: what hangs has an open door, too.
        """
        if failed is False and proof:
            self._well_at, self._suspected = self._clock(), False
        elif failed is False and self._suspected:
            failed = None
        if ticket.era != self._era:
            return
        if self._state == "half_open":
            self._probed(failed)
        elif failed is not None:
            self._count(failed, self._clock() - ticket.since)

    def force(self, state: Literal["open", "closed"]) -> None:
        """Open or close it by hand."""
        if state == "open":
            self._open()
        else:
            self._suspected = False
            self._close()

    def suspect(self, seconds: float) -> None:
        """Somebody else has found it dead for so many seconds: open, unless a call has proved the contrary since."""
        if self._clock() - self._well_at >= seconds:
            self._suspected = True
            self._rest(self._limits.suspected_for)

    def _probed(self, failed: bool | None) -> None:
        self._probing -= 1
        if failed:
            self._open()
        elif failed is False:
            self._passed += 1
            if self._passed >= self._limits.probes:
                self._close()

    def _count(self, failed: bool, seconds: float) -> None:
        limits = self._limits
        number = int(self._clock() / (limits.window / limits.slots))
        self._slots = [slot for slot in self._slots if slot.number > number - limits.slots]
        if not self._slots or self._slots[-1].number != number:
            self._slots.append(_Slot(number))
        slot = self._slots[-1]
        slot.calls += 1
        slot.failures += failed
        slot.slow += seconds > limits.slow
        calls = sum(s.calls for s in self._slots)
        if calls >= limits.calls and (
            sum(s.failures for s in self._slots) >= limits.failure_ratio * calls
            or sum(s.slow for s in self._slots) >= limits.slow_ratio * calls
        ):
            self._open()

    def _open(self) -> None:
        limits = self._limits
        length = min(limits.opens_for * 2**self._opened, limits.opens_at_most)
        self._opened = min(self._opened + 1, 16)
        self._rest(length)

    def _rest(self, length: float) -> None:
        spread = self._limits.spread
        self._opened_at = self._clock()
        self._until = self._opened_at + length * self._jitter(1 - spread, 1 + spread)
        self._turn("open")

    def _close(self) -> None:
        self._opened = 0
        self._turn("closed")

    def _turn(self, state: State) -> None:
        self._state = state
        self._era += 1
        self._slots = []
        self._probing = self._passed = 0


class Ticket(msgspec.Struct, frozen=True):
    """The right to make one call."""

    era: int
    since: float
