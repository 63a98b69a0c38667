"""Bodies of simulated objects, made before anybody asks, as those of a real cluster are.

A simulated cluster keeps no bodies: it makes them anew for each list, which was half of what lists cost the fleet. Kept
as they are they would take 12 GB at L; packed eight at a time, in the order in which they are listed, a tenth.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from functools import partial
from itertools import islice
from typing import ClassVar

from basefly.sim.store.record import Record

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

TOGETHER = 8
BETWEEN = b"\n"  # no JSON of one line holds one
LEVEL = 3


class Bodies:
    """Some of them, packed. The last that were opened stay open: a list goes through them in order."""

    _open: ClassVar[tuple[Bodies | None, Sequence[bytes]]] = (None, ())

    def __init__(self, bodies: Iterable[bytes]) -> None:
        self._packed = zstd.compress(BETWEEN.join(bodies), LEVEL)

    def body(self, place: int, _version: int) -> bytes:
        """One of them. It was made at its version, and another version is another record."""
        held, bodies = Bodies._open
        if held is not self:
            bodies = zstd.decompress(self._packed).split(BETWEEN)
            Bodies._open = self, bodies
        return bodies[place]


def make(records: Iterable[Record]) -> None:
    """Make the bodies of these records, which come in the order of their list."""
    rest = iter(records)
    while together := list(islice(rest, TOGETHER)):
        bodies = Bodies([record.body for record in together])
        for place, record in enumerate(together):
            record.made = partial(bodies.body, place)
