"""What the audit does by itself: it chains within a second, signs at the end, and shares the work."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from uuid import UUID

from basefly.base.resilience.ending import end
from basefly.base.runtime.house import House
from basefly.core.audit.actions import record
from basefly.core.audit.chain import checkpoints, store, waiting
from basefly.core.audit.controller import Sequencer
from basefly.core.audit.model import Head
from tests.core.audit.chain.test_verifying import chain
from tests.people import Hub, Person


@asynccontextmanager
async def sequencing(house: House) -> AsyncIterator[Sequencer]:
    sequencer = Sequencer(house)
    running = asyncio.create_task(sequencer.run())
    yield sequencer
    await end(running)


async def head(house: House, org_id: UUID) -> Head:
    async with house.db.transaction(org_id) as tx:
        return await store.get_head(tx)


async def eventually(check: Callable[[], Awaitable[bool]], within: float = 10.0) -> float:
    began = time.monotonic()
    while not await check():
        assert time.monotonic() - began < within
        await asyncio.sleep(0.02)
    return time.monotonic() - began


async def test_what_was_written_is_chained_within_a_second(hub: Hub, owner: Person) -> None:
    house, org = hub.house, owner.by.org_id

    async def chained() -> bool:
        return (await head(house, org)).pending == 0

    async with sequencing(house):
        await eventually(chained)
        waits = []
        for number in range(5):
            async with house.db.transaction(org) as tx:
                await record(tx, owner.by, "thing.done", f"things/{number}")
            waits.append(await eventually(chained))
    assert sorted(waits)[2] < 1.0, waits


async def test_the_end_is_signed_when_the_hub_stops(hub: Hub, owner: Person) -> None:
    house, org = hub.house, owner.by.org_id

    async def begun() -> bool:
        return (await head(house, org)).seq > 0

    async with sequencing(house):
        await eventually(begun)
        async with house.db.transaction(org) as tx:
            await record(tx, owner.by, "thing.done", "things/last")
    at_the_end = await head(house, org)
    assert at_the_end.pending == 0
    assert at_the_end.checkpoint_seq == at_the_end.seq > 0
    assert checkpoints.read(checkpoints.path(house.settings, org))[-1].seq == at_the_end.seq


async def test_two_sequencers_make_one_chain_without_a_gap(hub: Hub, owner: Person, stranger: Person) -> None:
    house = hub.house

    async def write(person: Person, number: int) -> None:
        async with house.db.transaction(person.by.org_id) as tx:
            await record(tx, person.by, "thing.done", f"things/{number}")

    async with sequencing(house), sequencing(house):
        for number in range(40):
            await asyncio.gather(write(owner, number), write(stranger, number))

        async def chained() -> bool:
            return not any([(await head(house, each.by.org_id)).pending for each in (owner, stranger)])

        await eventually(chained)
    for person in (owner, stranger):
        async with house.db.transaction(person.by.org_id) as tx:
            seqs = await tx.all(int, "select seq from audit_chain where org_id = %s order by seq", [tx.org_id])
        assert seqs == list(range(1, len(seqs) + 1))
        assert len(seqs) >= 40


async def test_what_a_killed_hub_left_is_chained_and_signed(hub: Hub, owner: Person) -> None:
    house, org = hub.house, owner.by.org_id
    await chain(house, org, sign=False)
    assert (await head(house, org)).checkpoint_seq == 0

    async def swept() -> bool:
        return org in sequencer._unsigned

    async with sequencing(house) as sequencer:
        waiting._noted.clear()  # another process wrote it
        sequencer._swept = 0.0
        await eventually(swept)
    signed = await head(house, org)
    assert signed.checkpoint_seq == signed.seq > 0


async def test_a_record_of_another_process_is_chained(hub: Hub, owner: Person) -> None:
    house, org = hub.house, owner.by.org_id

    async def chained() -> bool:
        return (await head(house, org)).pending == 0

    async with sequencing(house):
        await eventually(chained)
        async with house.db.transaction(org) as tx:
            await record(tx, owner.by, "thing.done", "things/elsewhere")
            await tx.notify("audit/pending")  # what a process does that does not hold the lease
        waiting._noted.clear()
        assert await eventually(chained) < 3
