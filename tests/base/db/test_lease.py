"""One holder at a time, by the database's clock alone; who lost it can write nothing any more."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from uuid import UUID

import pytest

from basefly.base.db import Error
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
        assert await leases.acquire(db, "sync/1", "hub-2", LONG) is None
        await tx.execute("insert into operations (org_id, kind, input) values (%s, 'a', '{}')", [org])
    assert await leases.acquire(db, "sync/1", "hub-2", LONG) is not None
    async with db.transaction(org) as tx:
        assert await tx.value("select count(*) from operations") == 1, "the new owner starts from all that was written"


class TestMany:
    async def test_of_many_only_the_free_ones_are_taken(self, db: Database) -> None:
        held = await acquire(db, "hub-1")
        freed = await leases.acquire(db, "sync/2", "hub-1", LONG)
        assert freed is not None
        await leases.release(db, freed)
        got = await leases.claim(db, ["sync/3", "sync/1", "sync/2"], "hub-2", LONG)
        assert [(lease.name, lease.epoch) for lease in got] == [("sync/2", 2), ("sync/3", 1)]
        assert await leases.renew(db, held)

    async def test_two_that_claim_the_same_at_once_share_it_without_overlap(self, db: Database) -> None:
        names = [f"sync/{number}" for number in range(50)]
        both = await asyncio.gather(*[leases.claim(db, names, f"hub-{n}", LONG) for n in range(2)])
        assert sorted(lease.name for got in both for lease in got) == sorted(names)

    async def test_one_whose_last_owner_still_writes_keeps_no_other_waiting(self, db: Database, org: UUID) -> None:
        old = await acquire(db, "hub-1", SHORT)
        async with db.transaction(org) as tx:
            await leases.fence(tx, old)
            await asyncio.sleep(0.1)
            got = await leases.claim(db, ["sync/1", "sync/2"], "hub-2", LONG)
            assert [lease.name for lease in got] == ["sync/2"]
        assert len(await leases.claim(db, ["sync/1"], "hub-2", LONG)) == 1

    async def test_all_are_renewed_and_those_that_are_over_are_told(self, db: Database, org: UUID) -> None:
        held = await leases.claim(db, ["sync/1", "sync/2", "sync/3"], "hub-1", timedelta(seconds=2))
        over = await acquire_named(db, "sync/4", SHORT)
        await asyncio.sleep(0.1)
        assert await leases.renew_all(db, [*held, over]) == [over]
        async with db.transaction(org) as tx:
            await leases.fence(tx, *held)
            async with asyncio.timeout(1):
                assert await leases.renew_all(db, held) == [], "it waits for no one that writes"

    async def test_many_are_given_back_at_once(self, db: Database) -> None:
        held = await leases.claim(db, ["sync/1", "sync/2"], "hub-1", LONG)
        await leases.release(db, *held)
        assert len(await leases.claim(db, ["sync/1", "sync/2"], "hub-2", LONG)) == 2

    async def test_who_is_paused_within_the_fence_is_cut_off(
        self, db: Database, org: UUID, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(leases, "HOLDS", "200ms")
        old = await acquire(db, "hub-1", SHORT)

        async def paused() -> None:
            async with db.transaction(org) as tx:
                await leases.fence(tx, old)
                await asyncio.sleep(1)
                await tx.execute("insert into operations (org_id, kind, input) values (%s, 'a', '{}')", [org])

        pausing = asyncio.create_task(paused())
        await asyncio.sleep(0.1)
        async with asyncio.timeout(0.8):
            while await leases.acquire(db, "sync/1", "hub-2", LONG) is None:
                await asyncio.sleep(0.02)
        assert not pausing.done()
        with pytest.raises(Error):
            await pausing


async def acquire_named(db: Database, name: str, ttl: timedelta) -> Lease:
    lease = await leases.acquire(db, name, "hub-1", ttl)
    assert lease is not None
    return lease
