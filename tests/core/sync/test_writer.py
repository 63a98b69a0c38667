"""The pen: order, fencing, poison and budgets."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID

from basefly.base.db import lease as leases
from basefly.base.db.pool import Database
from basefly.base.kube.discovery import Resource
from basefly.core.sync import kinds
from basefly.core.sync.kind import Row
from basefly.core.sync.model import Place
from basefly.core.sync.store import streams
from basefly.core.sync.writer import BUDGET, Batch, Writer
from tests.core.sync.conftest import Rows, eventually, running

PODS = Resource(group="", version="v1", plural="pods", kind="Pod", namespaced=True)


def row(uid: str, name: str, **changes: Any) -> Row:
    plain = Row(
        uid=uid, namespace="default", name=name, resource_version="1", created_at="2026-01-01T00:00:00Z",
        status="Running", health="ok", owner_uid="", labels="{}", cells="{}", digest=1,
    )  # fmt: skip
    return plain._replace(**changes)


async def follow(db: Database, org: UUID, cluster_id: UUID) -> Place:
    async with db.transaction(org) as tx:
        await streams.upsert_stream(tx, cluster_id, PODS, ())
    return Place(cluster_id, "pods")


class TestBatch:
    def test_the_last_word_on_an_object_wins(self, cluster_id: UUID) -> None:
        batch, place = Batch(), Place(cluster_id, "pods")
        batch.change(place, "a", row("a", "first"))
        batch.change(place, "a", None)
        assert batch.changes == {(place, "a"): None}

    def test_what_came_after_a_list_is_not_swept_for_being_missing_in_it(self, cluster_id: UUID) -> None:
        batch, place = Batch(), Place(cluster_id, "pods")
        batch.listed(place, {"a"}, "7", restored=False)
        batch.change(place, "b", row("b", "new"))
        assert batch.sweeps[place] == {"a", "b"}

    def test_a_list_stays_told_when_the_watch_moves_on(self, cluster_id: UUID) -> None:
        batch, place = Batch(), Place(cluster_id, "pods")
        batch.listed(place, (), "7", restored=False)
        batch.move(place, "8")
        assert (batch.standings[place].resource_version, batch.standings[place].listed) == ("8", True)


class TestWriting:
    async def test_rows_and_position_arrive_together(
        self, db: Database, org: UUID, cluster_id: UUID, writer: Writer, rows: Rows
    ) -> None:
        place = await follow(db, org, cluster_id)
        await writer.put(place, "a", row("a", "web"), "41")

        async def written() -> bool:
            async with db.transaction(org) as tx:
                (stream,) = await streams.get_streams(tx)
            return stream.resource_version == "41" and "default/web" in await rows("pods")

        await eventually(written)

    async def test_a_list_sweeps_what_it_did_not_show(
        self, db: Database, org: UUID, cluster_id: UUID, writer: Writer, rows: Rows
    ) -> None:
        place = await follow(db, org, cluster_id)
        await writer.put(place, "a", row("a", "old"), "1")

        async def there() -> bool:
            return "default/old" in await rows("pods")

        await eventually(there)
        await writer.put(place, "b", row("b", "new"), "")
        writer.listed(place, {"b"}, "2")

        async def swept() -> bool:
            return list(await rows("pods")) == ["default/new"]

        await eventually(swept)

    async def test_what_a_given_up_list_showed_is_swept_though_it_was_not_yet_written(
        self, db: Database, org: UUID, cluster_id: UUID, writer: Writer, rows: Rows
    ) -> None:
        place = await follow(db, org, cluster_id)
        await writer.put(place, "a", row("a", "of-the-list-given-up"), "")
        await writer.put(place, "b", row("b", "of-the-next"), "")
        writer.listed(place, {"b"}, "2")

        async def written() -> bool:
            return "default/of-the-next" in await rows("pods")

        await eventually(written)
        assert list(await rows("pods")) == ["default/of-the-next"]

    async def test_a_stream_that_failed_is_not_called_live_for_what_it_reported_before(
        self, db: Database, org: UUID, cluster_id: UUID, writer: Writer, rows: Rows
    ) -> None:
        place = await follow(db, org, cluster_id)
        await writer.put(place, "a", row("a", "last"), "41")
        writer.state(place, "retrying", "it broke")

        async def written() -> bool:
            return "default/last" in await rows("pods")

        await eventually(written)
        async with db.transaction(org) as tx:
            (stream,) = await streams.get_streams(tx)
        assert (stream.resource_version, stream.state, stream.reason) == ("41", "retrying", "it broke")

    async def test_poison_is_set_aside_in_sight_and_the_rest_is_written(
        self, db: Database, org: UUID, cluster_id: UUID, writer: Writer, rows: Rows
    ) -> None:
        place = await follow(db, org, cluster_id)
        await writer.put(place, "a", row("a", "torn\tname"), "1")
        await writer.put(place, "b", row("b", "undated", created_at="the day before yesterday"), "2")
        await writer.put(place, "c", row("c", "sound"), "3")

        async def written() -> bool:
            held = await rows("pods")
            return sorted((name, held[name].status) for name in held) == [
                ("default/sound", "Running"),
                ("default/torn\ufffdname", "Unreadable"),
                ("default/undated", "Unreadable"),
            ]

        await eventually(written)


class TestFencing:
    async def test_a_paused_owner_writes_nothing_after_its_lease_went_to_another(
        self, db: Database, org: UUID, cluster_id: UUID, rows: Rows
    ) -> None:
        place = await follow(db, org, cluster_id)
        old = await leases.acquire(db, "sync/x", "old", timedelta(milliseconds=1))
        assert old is not None
        await asyncio.sleep(0.05)
        new = await leases.acquire(db, "sync/x", "new", timedelta(minutes=5))
        assert new is not None
        paused, owner = Writer(db, org), Writer(db, org)
        lost = paused.admit(cluster_id, old)
        owner.admit(cluster_id, new)
        async with running(paused.run()), running(owner.run()):
            await paused.put(place, "a", row("a", "stale"), "1")
            await owner.put(place, "b", row("b", "true"), "2")
            async with asyncio.timeout(5):
                await lost.wait()

            async def written() -> bool:
                return list(await rows("pods")) == ["default/true"]

            await eventually(written)

    async def test_what_was_gathered_under_a_lease_is_not_written_under_the_next(
        self, db: Database, org: UUID, cluster_id: UUID, rows: Rows
    ) -> None:
        place = await follow(db, org, cluster_id)
        first = await leases.acquire(db, "sync/x", "me", timedelta(minutes=5))
        assert first is not None
        writer = Writer(db, org)
        writer.admit(cluster_id, first)
        await writer.put(place, "a", row("a", "old"), "1")
        async with db.transaction(org) as tx:  # holds the batch up in the middle of its writing
            await tx.execute("update sync_streams set reason = 'busy' where org_id = %s", [org])
            async with running(writer.run()):
                await asyncio.sleep(0.3)
                writer.dismiss(cluster_id)
                await tx.connection.commit()
                await leases.release(db, first)
                second = await leases.acquire(db, "sync/x", "me again", timedelta(minutes=5))
                assert second is not None
                writer.admit(cluster_id, second)
                await writer.put(place, "b", row("b", "new"), "2")

                async def written() -> bool:
                    return "default/new" in await rows("pods")

                await eventually(written)


class TestBudget:
    async def test_a_cluster_that_floods_waits_and_nobody_else(self, db: Database, org: UUID, cluster_id: UUID) -> None:
        lease = await leases.acquire(db, "sync/x", "me", timedelta(minutes=5))
        assert lease is not None
        writer = Writer(db, org)  # does not run: nothing is ever written
        flooding, other = Place(cluster_id, "pods"), Place(UUID(int=7), "pods")
        writer.admit(cluster_id, lease)
        writer.admit(other.cluster_id, lease)

        async def flood() -> None:
            for number in range(BUDGET + 1):
                await writer.put(flooding, str(number), row(str(number), f"p{number}"), "1")

        async with running(flood()):
            async with asyncio.timeout(5):
                while len(writer._batch.changes) < BUDGET:
                    await asyncio.sleep(0.01)
                await writer.put(other, "a", row("a", "calm"), "1")
            await asyncio.sleep(0.05)
            assert len(writer._batch.changes) == BUDGET + 1


def test_a_custom_kind_takes_the_name_its_cluster_gives_it() -> None:
    assert kinds.by_resource("widgets.example.com", "Widget").kind == "Widget"
