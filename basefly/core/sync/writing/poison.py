"""Objects that the database will not take: found by halves, set aside, and known when they come again."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

from basefly.base.db import DataError
from basefly.base.errors import Invalid
from basefly.core.sync.kind import Row, unreadable
from basefly.core.sync.model import Place
from basefly.core.sync.store.merge import Change

REFUSED = (DataError, Invalid, ValueError)  # the database will never take it
REMEMBERED = 10_000  # objects; beyond, the oldest is found anew when it comes again

Refusal = Callable[[Sequence[Change]], Awaitable[str | None]]
"""Why the database will not take these changes together; None: it took them."""


class Poison:
    """What was refused, by place and uid, as of which digest, and why: asking once more could bring nothing else."""

    def __init__(self) -> None:
        self._refused: dict[tuple[Place, str], tuple[int, str]] = {}

    def instead(self, place: Place, row: Row) -> Row:
        """The row to write: the row itself, or, if just this was refused before, that it cannot be kept."""
        if not self._refused:
            return row
        refused = self._refused.get((place, row.uid))
        if refused is None:
            return row
        if refused[0] == row.digest:
            return unreadable(row.uid, row.namespace, row.name, refused[1])
        del self._refused[place, row.uid]  # it has changed: it may be sound by now
        return row

    async def find(self, changes: Sequence[Change], refusal: Refusal) -> dict[tuple[Place, str], Row]:
        """What to write instead of those that are refused, by place and uid."""
        found = {(one.place, one.row.uid): why for one, why in (await refused_of(changes, refusal)).items()}
        rows = {(one.place, one.row.uid): one.row for one in changes}
        for key, why in found.items():
            self._refused[key] = (rows[key].digest, why)
        while len(self._refused) > REMEMBERED:
            del self._refused[next(iter(self._refused))]
        return {key: unreadable(key[1], rows[key].namespace, rows[key].name, why) for key, why in found.items()}


async def refused_of(changes: Sequence[Change], refusal: Refusal) -> dict[Change, str]:
    """Those that are refused even alone, and why: k of n are found in some k log n questions, not in n."""
    if not changes or (why := await refusal(changes)) is None:
        return {}
    if len(changes) == 1:
        return {changes[0]: why}
    middle = len(changes) // 2
    return await refused_of(changes[:middle], refusal) | await refused_of(changes[middle:], refusal)
