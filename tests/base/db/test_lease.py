"""One holder at a time, by the database's clock alone; who lost it can write nothing any more."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from uuid import UUID

import pytest

from basefly.base.db import lease as leases
from basefly.base.db.lease import Lease, LeaseLost
from basefly.base.db.pool import Database

LONG, SHORT = timedelta(seconds=30), timedelta(milliseconds=80)


async def acquire(db: Database, owner: str, ttl: timedelta = LONG) -> Lease:
    lease = await leases.acquire(db, "sync/1", owner, ttl)
    assert lease is not None
    return lease


async def test_one_of_many_gets_it(db: Database) -> None:
    got = await asyncio.gather(*[leases.acquire(db, "sync/1", f"hub-{n}", LONG) for n in range(20)])
    assert len([lease for lease in got if lease]) == 1


async def test_the_epoch_grows_with_each_owner(db: Database) -> None:
    epochs = []
    for number in range(3):
        lease = await acquire(db, f"hub-{number}")
        epochs.append(lease.epoch)
        assert await leases.acquire(db, "sync/1", f"hub-{number}", LONG) is None, "not even by its own owner"
        await leases.release(db, lease)
    assert epochs == [1, 2, 3]


async def test_a_renewed_lease_outlives_its_first_end(db: Database) -> None:
    lease = await acquire(db, "hub-1", timedelta(seconds=2))
    for _ in range(3):
        await asyncio.sleep(0.8)
        assert await leases.renew(db, lease)
    assert await leases.acquire(db, "sync/1", "hub-2", LONG) is None


async def test_an_old_lease_does_nothing(db: Database, org: UUID) -> None:
    old = await acquire(db, "hub-1", SHORT)
    await asyncio.sleep(0.1)
    assert not await leases.renew(db, old), "over is over, though nobody else has it"
    new = await acquire(db, "hub-2")
    assert new.epoch == old.epoch + 1
    assert not await leases.renew(db, old)
    await leases.release(db, old)
    async with db.transaction(org) as tx:
        await leases.fence(tx, new)
        with pytest.raises(LeaseLost) as lost:
            await leases.fence(tx, old)
    assert lost.value.lease == old


async def test_a_fenced_write_holds_the_next_owner_off_until_it_is_committed(db: Database, org: UUID) -> None:
    old = await acquire(db, "hub-1", SHORT)
    async with db.transaction(org) as tx:
        await leases.fence(tx, old)
        await asyncio.sleep(0.1)  # the lease runs out in the middle of the write
        waiting = asyncio.create_task(leases.acquire(db, "sync/1", "hub-2", LONG))
        await asyncio.sleep(0.1)
        assert not waiting.done()
        await tx.execute("insert into operations (org_id, kind, input) values (%s, 'a', '{}')", [org])
    new = await waiting
    assert new is not None
    async with db.transaction(org) as tx:
        assert await tx.value("select count(*) from operations") == 1, "the new owner starts from all that was written"
