"""Beginning again what failed: the more often in a row, the later, and each by itself."""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable

HEALTHY = 300.0  # s without a failure, after which the pauses begin anew


class Relapses:
    """Remembers what failed, and when it may begin again. Pauses double from `first` to `last` seconds."""

    def __init__(self, *, first: float = 5.0, last: float = 300.0, clock: Callable[[], float] = time.monotonic) -> None:
        self._first, self._last, self._clock = first, last, clock
        self._failed: dict[Hashable, tuple[int, float]] = {}  # how often in a row, and when last

    def failed(self, one: Hashable) -> float:
        """It failed just now; how many seconds it has to rest."""
        now = self._clock()
        times, at = self._failed.get(one, (0, now))
        times = 0 if now - at > HEALTHY + self._pause(times) else times
        self._failed[one] = (times + 1, now)
        return self._pause(times + 1)

    def may_begin(self, one: Hashable) -> bool:
        """Whether it may, by now."""
        if one not in self._failed:
            return True
        times, at = self._failed[one]
        return self._clock() - at >= self._pause(times)

    def forget(self, one: Hashable) -> None:
        """It is gone, or another by now."""
        self._failed.pop(one, None)

    def _pause(self, times: int) -> float:
        return min(self._last, self._first * 2.0 ** min(times - 1, 16)) if times else 0.0
