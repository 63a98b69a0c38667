"""Lists, counts and searches over shards that hold whole clusters: each is asked as it is, and the answers are joined.

The cursor of a page says where its last row stood, not how many came before: every shard goes on from the same one.
"""

from __future__ import annotations

import asyncio
import heapq
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from itertools import islice
from typing import Any, NamedTuple, TypeVar

from basefly.base.db import paging
from basefly.base.db.pool import Database
from basefly.base.db.transaction import Tx
from basefly.base.principal import Scope
from basefly.core.inventory.model import COUNTED_TO, ObjectQuery, SearchQuery, StoredObject
from basefly.core.inventory.store import objects, rollups
from basefly.core.inventory.store.order import Keyed
from basefly.core.inventory.store.rollups import Count, Dimension

T = TypeVar("T")


class Found(NamedTuple):
    """A page over all shards: its rows in their order, how many match, whether that is all, and the next cursor."""

    rows: list[Keyed]
    total: int
    exact: bool
    next: str | None


class Gather:
    """The shards of one organization, of which there may be one."""

    def __init__(self, shards: Sequence[Database], scope: Scope) -> None:
        self._shards = shards
        self._scope = scope

    async def find(self, query: ObjectQuery) -> Found:
        """One page, read forwards. Raises ValueError for an order that only the database knows (a cell's)."""
        answers = await self._ask(lambda tx: objects.find_objects(tx, self._scope, query))
        pages = [page for page, _, _ in answers]
        rows = list(islice(heapq.merge(*(page.rows for page in pages), key=_place(query)), query.limit))
        more = sum(len(page.rows) for page in pages) > len(rows) or any(page.next for page in pages)
        count = sum(count for _, count, _ in answers)
        exact = all(known for _, _, known in answers) and (query.rolled_up or count <= COUNTED_TO)
        return Found(rows, count if exact else min(count, COUNTED_TO), exact, _cursor(rows[-1]) if more else None)

    async def count_by(self, query: ObjectQuery, dimensions: Sequence[Dimension]) -> list[Count]:
        """How many match by each value of these dimensions."""
        sums: Counter[tuple[Dimension, str]] = Counter()
        for answer in await self._ask(lambda tx: rollups.count_by(tx, self._scope, query, dimensions)):
            for each in answer:
                sums[each.dimension, each.value] += each.count
        joined = [Count(dimension, value, count) for (dimension, value), count in sums.items()]
        return sorted(joined, key=lambda each: (each.dimension, -each.count, each.value))

    async def search(self, wanted: SearchQuery) -> list[StoredObject]:
        """The closest of all shards; a shard's closest are among them."""
        answers = await self._ask(lambda tx: objects.search_objects(tx, self._scope, wanted))
        first = wanted.texts[0] if wanted.texts else ""
        rows = (row for answer in answers for row in answer)
        return sorted(rows, key=lambda row: _closeness(row, first))[: wanted.limit]

    async def _ask(self, question: Callable[[Tx], Awaitable[T]]) -> list[T]:
        async def one(shard: Database) -> T:
            async with shard.transaction(self._scope.org_id) as tx:
                return await question(tx)

        return await asyncio.gather(*map(one, self._shards))


def _place(query: ObjectQuery) -> Callable[[Keyed], Any]:
    """Where a row stands in the order: text by code points, which is how the collation "C" has it."""
    if query.sort.descending or query.sort.column not in ("name", "namespace", "status", "health", "created_at"):
        raise ValueError(f"an order by {query.sort.column} is not joined here")
    if query.sort.column == "created_at":
        return lambda row: (row.created_at, row.name, row.cluster_id, row.uid)
    return lambda row: (row.key, row.name, row.cluster_id, row.uid)


def _cursor(row: Keyed) -> str:
    return paging.encode([False, row.key, row.name, str(row.cluster_id), row.uid])


def _closeness(row: StoredObject, text: str) -> tuple[Any, ...]:
    """The order of a search, which depends on nothing but the row."""
    begins, well = row.name.startswith(text), row.health in ("ok", "idle")
    return (row.name != text, not begins, well, len(row.name), row.name, row.resource, row.cluster_id)
