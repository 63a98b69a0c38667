"""Sums of the fleet: whoever wants them waits for nobody else's with a connection in hand."""

from __future__ import annotations

import asyncio
from uuid import uuid4

from basefly.base.db.pool import Database
from basefly.console.capacity import Capacities
from tests.people import Person


async def test_while_somebody_sums_up_the_others_find_what_was_summed_up_so_far(db: Database, owner: Person) -> None:
    capacities, org_id = Capacities(db), owner.by.org_id
    one, two, three = (uuid4() for _ in range(3))
    async with capacities._summing, asyncio.timeout(2), db.transaction(org_id) as tx:
        assert await capacities.of(tx, owner.by, [one, two]) is None
        assert capacities._held.keys() == set()
        await capacities.of(tx, owner.by, [three])  # of one alone it is quick
        assert capacities._held.keys() == {three}
    async with db.transaction(org_id) as tx:
        await capacities.of(tx, owner.by, [one, two])
    assert capacities._held.keys() == {one, two, three}
