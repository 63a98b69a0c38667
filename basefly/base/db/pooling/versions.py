"""How often what notices name has changed: what was read at a version is true until the version is another."""

from __future__ import annotations

from array import array
from collections.abc import Hashable, Iterator, Sequence
from itertools import product
from uuid import UUID

ANY = "*"  # a whole segment
COUNTERS = 65_536  # two topics may share one: then one counts as changed with the other, never the other way round


class Versions:
    """Counts changes by topic (`inventory/CLUSTER/pods`), and by topics that leave segments open (`inventory/*/pods`).

    In a fixed number of counters, however many topics there are: no memory grows, and nothing is ever forgotten.
    """

    def __init__(self) -> None:
        self._counts = array("Q", bytes(8 * COUNTERS))
        self._renewed = 0

    def changed(self, org_id: str, topic: str) -> None:
        """A topic has changed. One that leaves a segment open itself may be any: then everything counts as changed."""
        head, *rest = topic.split("/")
        if ANY in rest:
            self.renew()
        for name in _wider(head, rest):
            self._counts[_place(org_id, name)] += 1

    def renew(self) -> None:
        """Everything may have changed."""
        self._renewed += 1

    def of(self, org_id: UUID, topics: Sequence[str]) -> Hashable:
        """The version of these topics together."""
        whose = str(org_id)
        return self._renewed, *(self._counts[_place(whose, topic)] for topic in topics)


def _wider(head: str, rest: Sequence[str]) -> Iterator[str]:
    for segments in product(*((segment, ANY) for segment in rest)):
        yield "/".join((head, *segments))


def _place(org_id: str, topic: str) -> int:
    return hash((org_id, topic)) % COUNTERS
