"""Operations end though processes die, are overtaken or are cancelled, and no recorded step runs twice."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from uuid import UUID

import pytest

from basefly.base.db.changes import Changes
from basefly.base.db.pool import Database
from basefly.base.db.transaction import Tx
from basefly.base.errors import NotFound
from basefly.base.runtime import operations
from basefly.base.runtime.operations import Operation, Operations, Pace, Pause, Running, Work

QUICK = Pace(timedelta(seconds=1), pause=timedelta(milliseconds=10), look=timedelta(milliseconds=100))


@pytest.fixture
async def changes(database_url: str) -> AsyncIterator[Changes]:
    changes = Changes(database_url)
    yield changes
    await changes.close()


@asynccontextmanager
async def worker(db: Database, changes: Changes, **works: Work) -> AsyncIterator[asyncio.Task[None]]:
    controller = Operations(db, changes, works, pace=QUICK)
    running = asyncio.create_task(controller.run())
    try:
        yield running
    finally:
        running.cancel()
        await asyncio.wait([running])


async def order(db: Database, org: UUID, kind: str, given: object = None) -> UUID:
    async with db.transaction(org) as tx:
        return await operations.start(tx, kind, given)


async def ended(db: Database, org: UUID, operation: UUID) -> Operation:
    async with asyncio.timeout(20):
        while True:
            async with db.transaction(org) as tx:
                found = await operations.get(tx, operation)
            if found.state not in ("pending", "running"):
                return found
            await asyncio.sleep(0.02)


async def test_steps_run_in_order_and_the_result_is_kept(db: Database, org: UUID, changes: Changes) -> None:
    async def add(running: Running) -> int:
        async def half() -> int:
            return int(running.operation.input["n"])

        return await running.step("first", half, into=int) + await running.step("second", half, into=int)

    async with worker(db, changes, add=add):
        done = await ended(db, org, await order(db, org, "add", {"n": 21}))
    assert (done.state, done.result, done.attempt) == ("done", 42, 1)


async def test_a_recorded_step_does_not_run_again(db: Database, org: UUID, changes: Changes) -> None:
    ran: list[str] = []

    async def work(running: Running) -> str:
        async def first() -> str:
            ran.append("first")
            return "kept"

        kept = await running.step("first", first, into=str)
        if running.operation.attempt == 1:
            raise RuntimeError("no luck")
        return kept

    async with worker(db, changes, work=work):
        done = await ended(db, org, await order(db, org, "work"))
    assert (done.state, done.result, done.attempt, done.failures) == ("done", "kept", 2, 1)
    assert ran == ["first"]


async def test_what_always_fails_is_given_up_with_its_reason(db: Database, org: UUID, changes: Changes) -> None:
    async def work(running: Running) -> None:
        raise NotFound("The cluster is gone.")

    async with worker(db, changes, work=work):
        failed = await ended(db, org, await order(db, org, "work"))
    assert (failed.state, failed.error, failed.attempt) == ("failed", "The cluster is gone.", operations.TRIES)


async def test_a_deed_in_the_database_and_its_record_are_one(db: Database, org: UUID, changes: Changes) -> None:
    async def work(running: Running) -> None:
        async def rename(tx: Tx) -> None:
            await tx.execute("update organizations set name = name || '!' where id = %s", [tx.org_id])
            if running.operation.attempt == 1:
                raise RuntimeError("after the deed, before its record")

        await running.write("rename", rename)

    async with worker(db, changes, work=work):
        await ended(db, org, await order(db, org, "work"))
    async with db.transaction() as tx:
        assert await tx.value("select name from organizations where id = %s", [org]) == "Acme!"


async def test_a_cancelled_operation_begins_no_further_step(db: Database, org: UUID, changes: Changes) -> None:
    reached, second = asyncio.Event(), asyncio.Event()

    async def work(running: Running) -> None:
        async def wait() -> None:
            reached.set()
            await asyncio.sleep(0.1)

        async def go_on() -> None:
            second.set()

        await running.step("wait", wait)
        await running.step("go on", go_on)

    async with worker(db, changes, work=work):
        operation = await order(db, org, "work")
        await asyncio.wait_for(reached.wait(), 10)
        async with db.transaction(org) as tx:
            assert await operations.cancel(tx, operation)
        await asyncio.sleep(0.5)
    assert (await ended(db, org, operation)).state == "cancelled"
    assert not second.is_set()
    async with db.transaction(org) as tx:
        assert not await operations.cancel(tx, operation)


async def test_what_pauses_goes_on_when_it_is_resumed(db: Database, org: UUID, changes: Changes) -> None:
    ran: list[str] = []

    async def work(running: Running) -> str | Pause:
        async def first() -> None:
            ran.append("first")

        await running.step("first", first)
        return "done" if running.operation.attempt > 1 else Pause("Nobody may do this any more.")

    async with worker(db, changes, work=work):
        operation = await order(db, org, "work")
        paused = await ended(db, org, operation)
        assert (paused.state, paused.error, ran) == ("paused", "Nobody may do this any more.", ["first"])
        async with db.transaction(org) as tx:
            assert await operations.resume(tx, operation)
        done = await ended(db, org, operation)
    assert (done.state, done.result, done.error, ran) == ("done", "done", None, ["first"])
    async with db.transaction(org) as tx:
        assert not await operations.resume(tx, operation)


async def test_what_is_resumed_while_it_is_stopping_goes_on(db: Database, org: UUID, changes: Changes) -> None:
    stopping, gone_on = asyncio.Event(), asyncio.Event()

    async def work(running: Running) -> str | Pause:
        if running.operation.attempt > 1:
            return "done"
        stopping.set()
        await gone_on.wait()
        return Pause("Nobody may do this any more.")

    async with worker(db, changes, work=work):
        operation = await order(db, org, "work")
        await asyncio.wait_for(stopping.wait(), 10)
        async with db.transaction(org) as tx:
            assert await operations.resume(tx, operation)
        gone_on.set()
        assert (await ended(db, org, operation)).result == "done"


async def test_what_was_given_up_can_be_resumed_with_all_its_tries(db: Database, org: UUID, changes: Changes) -> None:
    async def work(running: Running) -> str:
        if running.operation.attempt <= operations.TRIES:
            raise RuntimeError("no luck")
        return "done"

    async with worker(db, changes, work=work):
        operation = await order(db, org, "work")
        assert (await ended(db, org, operation)).state == "failed"
        async with db.transaction(org) as tx:
            assert await operations.resume(tx, operation)
        assert (await ended(db, org, operation)).result == "done"


async def test_who_comes_forward_is_not_given_up(db: Database, org: UUID, changes: Changes) -> None:
    async def work(running: Running) -> str:
        attempt = running.operation.attempt
        if attempt <= 2 * operations.TRIES:
            async with running.progress() as tx:
                await tx.execute("update organizations set name = name || '!' where id = %s", [tx.org_id])
            raise RuntimeError("no luck")
        return "done"

    async with worker(db, changes, work=work):
        assert (await ended(db, org, await order(db, org, "work"))).result == "done"


async def test_a_paused_operation_can_be_cancelled(db: Database, org: UUID, changes: Changes) -> None:
    async def work(running: Running) -> Pause:
        return Pause("Wait.")

    async with worker(db, changes, work=work):
        operation = await order(db, org, "work")
        await ended(db, org, operation)
    async with db.transaction(org) as tx:
        assert await operations.cancel(tx, operation)
    assert (await ended(db, org, operation)).state == "cancelled"


async def test_a_worker_that_ends_hands_its_work_back_at_once(db: Database, org: UUID, changes: Changes) -> None:
    began = asyncio.Event()

    async def stuck(running: Running) -> None:
        began.set()
        await asyncio.sleep(60)

    async def work(running: Running) -> str:
        return "done by another"

    operation = await order(db, org, "work")
    async with worker(db, changes, work=stuck):
        await asyncio.wait_for(began.wait(), 10)
    async with db.transaction(org) as tx:
        assert (await operations.get(tx, operation)).state == "pending"
    async with worker(db, changes, work=work):
        done = await ended(db, org, operation)
    assert (done.result, done.attempt, done.failures) == ("done by another", 2, 0)


async def test_many_workers_do_each_operation_once(db: Database, org: UUID, other_org: UUID, changes: Changes) -> None:
    done: list[int] = []

    async def work(running: Running) -> None:
        await asyncio.sleep(0)
        done.append(running.operation.input)

    ordered = [await order(db, whose, "work", n) for n in range(15) for whose in (org, other_org)]
    async with worker(db, changes, work=work), worker(db, changes, work=work):
        for number, operation in enumerate(ordered):
            await ended(db, (org, other_org)[number % 2], operation)
    assert sorted(done) == sorted([*range(15), *range(15)])


async def test_another_organization_does_not_know_it(db: Database, org: UUID, other_org: UUID) -> None:
    operation = await order(db, org, "work")
    async with db.transaction(other_org) as tx:
        with pytest.raises(NotFound):
            await operations.get(tx, operation)
        assert not await operations.cancel(tx, operation)
