"""What befalls clusters of a bench, in the words of the simulator's faults."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple


class Illness(NamedTuple):
    """What befalls a cluster: the faults that are switched on, after which every open watch of it is cut."""

    name: str
    faults: Sequence[Mapping[str, Any]]


ILLNESSES = (
    Illness("hanging", ({"effect": "hang"},)),
    Illness("half open", ({"effect": "half-open", "after": 0},)),
    Illness("429", ({"effect": "too-many", "seconds": 2.0},)),
    Illness("trickle", ({"effect": "trickle", "rate": 20.0},)),
    Illness("5xx", ({"effect": "error", "code": 503},)),
)
