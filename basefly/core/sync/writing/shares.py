"""Fair shares: how much of one batch each cluster may fill, so that a flood from one delays no other."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

T = TypeVar("T")


def shares(wanted: Mapping[T, int], most: int) -> dict[T, int]:
    """How many of the `wanted` each may have, of `most` in all: whoever wants little has it all (max-min fairness).

    Those who want more than an even part share evenly what the others leave. Nobody who wants any gets none.
    """
    given: dict[T, int] = {}
    left = most
    for place, (one, count) in enumerate(sorted(wanted.items(), key=lambda pair: pair[1])):
        given[one] = min(count, max(left // (len(wanted) - place), 1))
        left -= given[one]
    return given
