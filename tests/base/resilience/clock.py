"""A clock that goes only when told to."""

from __future__ import annotations


class Clock:
    """Seconds since it was made."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now

    def go(self, seconds: float) -> None:
        """Let time pass."""
        self.now += seconds


def middle(low: float, high: float) -> float:
    """Jitter without luck."""
    return (low + high) / 2
