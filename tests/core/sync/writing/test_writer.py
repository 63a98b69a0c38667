"""The pen: order, fencing, poison and budgets."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Coroutine, Iterable
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import msgspec
import pytest
from structlog.testing import capture_logs

from basefly.base.db import lease as leases
from basefly.base.db.pool import Database
from basefly.base.kube.discovery import Resource
from basefly.core.sync import kinds
from basefly.core.sync.kind import Row
from basefly.core.sync.model import Place
from basefly.core.sync.store import merge, streams
from basefly.core.sync.store.merge import Change, copy_line
from basefly.core.sync.writing.batch import Batch
from basefly.core.sync.writing.writer import BUDGET, BUDGET_OF_ALL, FLUSH_WITHIN, HEFT, SHARE, Writer
from tests.core.sync.conftest import Rows, eventually, running

PODS = Resource(group="", version="v1", plural="pods", kind="Pod", namespaced=True)


def row(uid: str, name: str, **changes: Any) -> Row:
    plain = Row(
        uid=uid, namespace="default", name=name, resource_version="1", created_at="2026-01-01T00:00:00Z",
        status="Running", health="ok", owner_uid="", labels="{}", cells="{}", digest=1,
    )  # fmt: skip
    return msgspec.structs.replace(plain, **changes)


async def follow(db: Database, org: UUID, cluster_id: UUID) -> Place:
    async with db.transaction(org) as tx:
        await streams.upsert_streams(tx, cluster_id, [(PODS, ())])
    return Place(cluster_id, "pods")


class TestBatch:
    def test_the_last_word_on_an_object_wins(self, cluster_id: UUID) -> None:
        batch, place = Batch(), Place(cluster_id, "pods")
        batch.change(place, "a", row("a", "first"))
        batch.change(place, "a", None)
        assert batch.changes == {place: {"a": None}}

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

    def test_of_a_flood_only_a_share_is_written_and_its_position_with_the_last_of_it(self, cluster_id: UUID) -> None:
        batch, flood, calm = Batch(), Place(cluster_id, "pods"), Place(UUID(int=7), "pods")
        for number in range(10):
            batch.change(flood, str(number), row(str(number), "p"))
        batch.listed(flood, {"1"}, "41", restored=False)
        batch.change(calm, "a", row("a", "web"))
        batch.move(calm, "8")
        now, later = batch.shared(5)
        assert list(now.changes[flood]) == ["0", "1", "2", "3"]
        assert (set(now.standings), now.sweeps) == ({calm}, {})
        assert {place: list(uids) for place, uids in later.changes.items()} == {flood: ["4", "5", "6", "7", "8", "9"]}
        assert (later.standings[flood].resource_version, later.sweeps) == ("41", {flood: {"1"}})
        assert list(now.changes[calm]) == ["a"]
        assert (now.hefts, later.hefts) == ({flood: 4, calm: 1}, {flood: 6})

    def test_what_fits_is_written_whole(self, cluster_id: UUID) -> None:
        batch, place = Batch(), Place(cluster_id, "pods")
        batch.change(place, "a", row("a", "web"))
        assert batch.shared(1) == (batch, Batch())


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

    async def test_what_comes_one_by_one_is_written_together(
        self, db: Database, org: UUID, cluster_id: UUID, writer: Writer, rows: Rows
    ) -> None:
        place, count, begun = await follow(db, org, cluster_id), 60, time.monotonic()
        for number in range(count):
            await writer.put(place, str(number), row(str(number), f"pod-{number}"), str(number))
            await asyncio.sleep(0.005)
        lasted = time.monotonic() - begun

        async def there() -> bool:
            return len(await rows("pods")) == count

        await eventually(there)
        async with db.transaction(org) as tx:
            transactions = await tx.value("select count(distinct changed_at) from objects")
        assert transactions <= lasted / FLUSH_WITHIN + 3

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

    async def test_what_no_index_can_hold_is_set_aside_and_holds_nobody_up(
        self, db: Database, org: UUID, cluster_id: UUID, writer: Writer, rows: Rows
    ) -> None:
        """PostgreSQL calls it an operational error, as if it were away (54000, program_limit_exceeded)."""
        place = await follow(db, org, cluster_id)
        await writer.put(place, "a", row("a", "long", status=secrets.token_hex(9_000)), "1")
        await writer.put(place, "b", row("b", "sound"), "2")

        async def written() -> bool:
            held = await rows("pods")
            return {name: held[name].status for name in held} == {
                "default/sound": "Running", "default/long": "Unreadable"
            }  # fmt: skip

        await eventually(written)

    async def test_poison_that_comes_again_is_not_tried_again(
        self, db: Database, org: UUID, cluster_id: UUID, writer: Writer, rows: Rows
    ) -> None:
        place = await follow(db, org, cluster_id)

        async def set_aside() -> bool:
            return {one.status for one in (await rows("pods")).values()} == {"Unreadable"}

        await writer.put(place, "a", row("a", "undated", created_at="never"), "1")
        await eventually(set_aside)
        with capture_logs() as logs:
            await writer.put(place, "a", row("a", "undated", created_at="never"), "2")
            await writer.put(place, "b", row("b", "sound"), "3")

            async def written() -> bool:
                return "default/sound" in await rows("pods")

            await eventually(written)
        assert [line["event"] for line in logs] == []

    async def test_a_mistake_of_ours_costs_only_the_object_it_is_about(
        self, db: Database, org: UUID, cluster_id: UUID, writer: Writer, rows: Rows, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def mistaken(change: Change) -> str:
            if change.row.name == "odd":
                raise TypeError("not foreseen")
            return copy_line(change)

        monkeypatch.setattr(merge, "copy_line", mistaken)
        place = await follow(db, org, cluster_id)
        await writer.put(place, "a", row("a", "odd"), "1")
        await writer.put(place, "b", row("b", "sound"), "2")

        async def written() -> bool:
            return "default/sound" in await rows("pods")

        await eventually(written)


class TestSalvage:
    async def test_a_cluster_that_cannot_be_written_is_lost_alone(
        self, db: Database, org: UUID, cluster_id: UUID, writer: Writer, rows: Rows
    ) -> None:
        place = await follow(db, org, cluster_id)
        other = Place(UUID(int=7), "pods")
        lease = await leases.acquire(db, "sync/other", "me", timedelta(minutes=5))
        assert lease is not None
        lost = writer.admit(other.cluster_id, lease)
        writer._fresh.standings[other] = None  # type: ignore[assignment]  # a mistake of ours that no row is about
        await writer.put(place, "a", row("a", "sound"), "1")
        async with asyncio.timeout(5):
            await lost.wait()
        with pytest.raises(AttributeError):
            writer.confess(other.cluster_id)
        writer.confess(other.cluster_id)  # once: then it is forgotten

        async def written() -> bool:
            return "default/sound" in await rows("pods")

        await eventually(written)


class TestBacklog:
    async def test_changes_are_written_before_lists_and_the_largest_list_last(
        self, db: Database, org: UUID, cluster_id: UUID
    ) -> None:
        batch = Batch()
        large, small = Place(cluster_id, "pods"), Place(cluster_id, "nodes")
        for number in range(3):
            batch.change(large, str(number), row(str(number), "p"))
        batch.change(small, "a", row("a", "n"))
        batch.hefts = {large: 3, small: 1}
        first, rest = batch.split(2)
        assert (set(first.changes), set(rest.changes)) == ({small}, {large})
        assert not rest.split(1)[1].changes  # one at least, however large

    @pytest.mark.parametrize(("count", "hefts"), [(2, [6, 7]), (3, [4, 4, 5])])
    def test_parts_share_no_cluster_and_lose_nothing(self, count: int, hefts: list[int]) -> None:
        batch = Batch()
        for weight in (5, 1, 2, 2, 3):
            cluster_id = uuid4()
            for number in range(weight):
                batch.change(Place(cluster_id, "pods"), str(number), row(str(number), "p"))
            batch.move(Place(cluster_id, "nodes"), "7")
        parts = batch.parts(count)
        assert sum(len(part.clusters()) for part in parts) == len(batch.clusters())
        assert {place: rows for part in parts for place, rows in part.changes.items()} == batch.changes
        assert {place: one for part in parts for place, one in part.standings.items()} == batch.standings
        assert sorted(sum(part.hefts.values()) for part in parts) == hefts

    def test_of_one_cluster_there_is_one_part(self, cluster_id: UUID) -> None:
        batch = Batch()
        batch.change(Place(cluster_id, "pods"), "a", row("a", "p"))
        (part,) = batch.parts(3)
        assert part.changes == batch.changes

    async def test_what_follows_a_list_that_waits_stays_behind_it(
        self, db: Database, org: UUID, cluster_id: UUID
    ) -> None:
        writer = Writer(db, org)  # does not run
        listed, live = Place(cluster_id, "pods"), Place(cluster_id, "nodes")
        await writer.put(listed, "a", row("a", "as-listed"), "")
        await writer.put(listed, "a", row("a", "as-changed"), "8")
        await writer.put(live, "b", row("b", "live"), "9")
        assert (set(writer._backlog.changes), set(writer._fresh.changes)) == ({listed}, {live})
        assert writer._backlog.changes[listed]["a"] == row("a", "as-changed")

    async def test_what_was_told_before_a_list_waits_with_it(self, db: Database, org: UUID, cluster_id: UUID) -> None:
        writer, place = Writer(db, org), Place(cluster_id, "pods")  # does not run
        await writer.put(place, "a", row("a", "as-changed"), "8")
        await writer.put(place, "a", row("a", "as-listed"), "")
        assert not writer._fresh
        assert (writer._backlog.changes, writer._backlog.hefts) == ({place: {"a": row("a", "as-listed")}}, {place: 2})
        assert writer._backlog.standings[place].resource_version == "8"

    async def test_an_enormous_object_takes_the_room_of_many(self, db: Database, org: UUID, cluster_id: UUID) -> None:
        writer, place = Writer(db, org), Place(cluster_id, "pods")  # does not run
        enormous = row("a", "a", cells='{"text": "%s"}' % ("x" * HEFT * BUDGET))
        await writer.put(place, "a", enormous, "1")
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await writer.put(place, "b", row("b", "b"), "2")
        writer.dismiss(cluster_id)
        assert writer.waits == 0

    async def test_when_all_wait_those_with_little_go_on(self, db: Database, org: UUID) -> None:
        writer = Writer(db, org)  # does not run
        floods = [Place(UUID(int=number), "pods") for number in range(BUDGET_OF_ALL // BUDGET + 1)]

        async def flood(place: Place) -> None:
            for number in range(BUDGET):
                await writer.put(place, str(number), row(str(number), "p"), "")

        async with running(all_of(flood(place) for place in floods)):
            async with asyncio.timeout(10):
                while writer.waits < BUDGET_OF_ALL:
                    await asyncio.sleep(0.01)
                await writer.put(Place(UUID(int=99), "pods"), "a", row("a", "calm"), "1")
            assert writer.waits <= BUDGET_OF_ALL + SHARE + 1


async def all_of(works: Iterable[Coroutine[Any, Any, None]]) -> None:
    async with asyncio.TaskGroup() as group:
        for work in works:
            group.create_task(work)


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
                while writer.waits < BUDGET:
                    await asyncio.sleep(0.01)
                await writer.put(other, "a", row("a", "calm"), "1")
            await asyncio.sleep(0.05)
            assert writer.waits == BUDGET + 1


def test_a_custom_kind_takes_the_name_its_cluster_gives_it() -> None:
    assert kinds.by_resource("widgets.example.com", "Widget").kind == "Widget"
