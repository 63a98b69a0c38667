"""A token bucket: a steady rate with room for bursts."""

from __future__ import annotations

import time
from collections.abc import Callable


class TokenBucket:
    """Holds at most `capacity` tokens and gains `rate` a second; starts full."""

    def __init__(self, capacity: float, rate: float, *, clock: Callable[[], float] = time.monotonic) -> None:
        self.capacity = capacity
        self.rate = rate
        self._clock = clock
        self._tokens = capacity
        self._at = clock()

    @property
    def tokens(self) -> float:
        """How many there are now."""
        now = self._clock()
        # A clock that goes back takes nothing away and gives nothing.
        self._tokens = min(self.capacity, self._tokens + max(now - self._at, 0.0) * self.rate)
        self._at = now
        return self._tokens

    def take(self, cost: float = 1.0) -> float:
        """Take `cost` tokens: 0 if they were there, otherwise the seconds until they would be, and none are taken."""
        have = self.tokens
        if have >= cost:
            self._tokens = have - cost
            return 0.0
        return (cost - have) / self.rate if self.rate and cost <= self.capacity else float("inf")

    def give(self, back: float) -> None:
        """Put tokens back, up to the capacity."""
        self._tokens = min(self.capacity, self.tokens + back)
