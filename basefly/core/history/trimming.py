"""Retention: the versions that are too old, or too many, go in small pieces."""

from __future__ import annotations

from uuid import UUID

from basefly.base.runtime.house import House
from basefly.core.history import store

AT_ONCE = 2_000  # versions a transaction


async def trim(house: House, org_id: UUID, at_once: int = AT_ONCE) -> int:
    """Let go what an organization no longer keeps; how many versions. The present ones of its clusters stay."""
    taken = 0
    for surplus in store.SURPLUS:
        some = 1
        while some:
            async with house.db.transaction(org_id) as tx:
                some = await store.delete_surplus(tx, surplus, await store.get_settings(tx), at_once)
            taken += some
    return taken
