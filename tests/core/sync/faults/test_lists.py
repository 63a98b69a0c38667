"""The fault table: lists that expire, lag, lie or never end (31, 32, 37, 39, 40, 46, 47)."""

from __future__ import annotations

import asyncio
import time
from typing import Any
from uuid import UUID

import msgspec
import pytest
import structlog

from basefly.base.db.pool import Database
from basefly.base.kube.watch.follow import UNSTREAMED
from basefly.core.sync.store import streams
from basefly.core.sync.writing.writer import BUDGET, Writer
from basefly.sim import Cluster
from basefly.sim.faults import Effect
from tests.core.sync.conftest import Rows
from tests.core.sync.faults.conftest import PACE, World
from tests.core.sync.test_cluster import pod

PAGES = msgspec.structs.replace(PACE, streamed=False)


def lists(world: World, resource: str = "pods") -> list[Any]:
    """The lists that were asked for, streamed or in pages."""
    asked = [request for request in world.cluster.requests if request.target.resource == resource]
    return [r for r in asked if "sendInitialEvents" in r.query or (r.is_list and r.query.get("limit") != "1")]


async def test_31_i9_i10_a_new_list_is_asked_for_no_older_than_what_was_seen(world: World) -> None:
    seen = int((await world.stream("pods")).resource_version)
    world.cluster.requests.clear()
    await world.struck(Effect.GONE, resource="pods", verb="watch", times=1)
    await world.settles()
    asked = lists(world)
    assert asked
    assert all(int(request.query["resourceVersion"]) >= seen for request in asked)


async def test_31_no_storm_a_list_that_shows_nothing_new_writes_nothing(world: World, db: Database) -> None:
    before = await world.rows("pods")
    world.cluster.faults.add(Effect.GONE, resource="pods", verb="watch", times=1)
    world.cluster.requests.clear()
    world.cluster.faults.drop_watches()
    await world.until(lambda: bool(lists(world)))
    await world.settles()
    assert await world.rows("pods") == before


async def test_32_i9_a_list_expired_half_way_is_begun_anew_and_no_two_snapshots_are_mixed(
    cluster: Cluster, db: Database, org: Any, cluster_id: Any, writer: Writer, rows: Rows
) -> None:
    cluster.seed(nodes=2, pods=30, seed=7)
    world = World(cluster, db, org, cluster_id, rows)
    fault = cluster.faults.add(Effect.GONE_ON_PAGE, resource="pods", times=3)
    async with world.followed(writer, pace=PAGES):
        async with asyncio.timeout(15):
            while fault.struck < 3:
                world.change(1)
                whole = cluster.api.list("pods")[0]["metadata"]
                cluster.api.delete("pods", whole["name"], whole["namespace"])  # it was on the first page
                await asyncio.sleep(0.02)
        await world.settles()
        assert world.recording.violations() == []


async def test_37_i9_a_deletion_that_nobody_told_leaves_a_tombstone(world: World) -> None:
    world.cluster.api.create(pod("old"))
    await world.settles()
    await world.cluster.stop()
    world.cluster.api.delete("pods", "old")
    world.cluster.compact()  # the version we stand at is forgotten: only a new list can tell
    await world.cluster.start()
    await world.settles()
    stream = await world.stream("pods")
    async with world.db.transaction(world.org) as tx:
        assert await streams.get_tombstone(tx, stream, "default", "old") == "missed"
        assert await streams.get_tombstone(tx, stream, "default", "load-1") == ""


async def test_37_i9_deletions_that_a_watch_swallows_are_found_by_the_list_that_comes_now_and_then(
    cluster: Cluster, db: Database, org: Any, cluster_id: Any, writer: Writer, rows: Rows
) -> None:
    cluster.api.create(pod("old"))
    world = World(cluster, db, org, cluster_id, rows)
    pace = msgspec.structs.replace(PACE, ends_after=(1, 2), relist=(3.0, 3.0))
    async with world.followed(writer, pace=pace):
        await world.settles()
        with cluster.faults.inject(Effect.MISSED_DELETES):
            cluster.api.delete("pods", "old")
            cluster.api.create(pod("new"))
            await world.until(lambda: _shown(world, "default/new"))
            assert "default/old" in await rows("pods")
            await world.settles()


async def test_37_i9_a_list_that_is_due_stays_due_however_often_the_server_fails_before_it(
    cluster: Cluster, db: Database, org: UUID, cluster_id: UUID, writer: Writer, rows: Rows
) -> None:
    cluster.api.create(pod("old"))
    world = World(cluster, db, org, cluster_id, rows)
    async with world.followed(writer):
        await world.settles()
        with cluster.faults.inject(Effect.MISSED_DELETES):
            cluster.api.delete("pods", "old")
            cluster.api.create(pod("new"))
            await world.until(lambda: _shown(world, "default/new"))
        gone = cluster.faults.add(Effect.GONE_AT_ONCE, resource="pods", verb="watch", times=1)
        failing = cluster.faults.add(Effect.ERROR, resource="pods", code=503)
        cluster.faults.drop_watches()
        await world.until(lambda: bool(gone.struck) and failing.struck >= 2 * PACE.attempts)
        cluster.faults.clear()
        await world.settles()


@pytest.mark.parametrize("interrupted", ["another hub follows", "the cluster does not know us for a while"])
async def test_37_i9_a_list_that_is_due_stays_due_for_whoever_follows_next(
    interrupted: str, cluster: Cluster, db: Database, org: UUID, cluster_id: UUID, writer: Writer, rows: Rows
) -> None:
    cluster.api.create(pod("old"))
    world = World(cluster, db, org, cluster_id, rows)
    async with world.followed(writer):
        await world.settles()
        with cluster.faults.inject(Effect.MISSED_DELETES):
            cluster.api.delete("pods", "old")
            cluster.api.create(pod("new"))
            await world.until(lambda: _shown(world, "default/new"))
        cluster.faults.add(Effect.GONE_AT_ONCE, resource="pods", verb="watch", times=1)
        cluster.faults.add(Effect.ERROR, resource="pods", code=503)
        cluster.faults.drop_watches()
        await world.until(lambda: _due(world))
        if interrupted != "another hub follows":
            users = dict(cluster.tokens)
            cluster.revoke(cluster.admin_token)
            cluster.faults.clear()
            cluster.faults.drop_watches()
            await world.says("configmaps", "failed", "401")
            cluster.tokens.update(users)
            await world.settles()
            return
    cluster.faults.clear()
    async with world.followed(writer):
        await world.settles()


async def _due(world: World) -> bool:
    return (await world.stream("pods")).due


async def _shown(world: World, name: str) -> bool:
    return name in await world.rows("pods")


async def test_40_i10_a_lagging_server_is_never_believed(
    cluster: Cluster, db: Database, org: UUID, cluster_id: UUID, writer: Writer, rows: Rows
) -> None:
    world = World(cluster, db, org, cluster_id, rows)
    async with world.followed(writer, pace=msgspec.structs.replace(PACE, proof=60.0)):
        world.change(40)
        await world.settles()
        before = await rows("pods")
        fault = cluster.faults.add(Effect.LAGGING, behind=60)
        cluster.faults.add(Effect.GONE_AT_ONCE, resource="pods", verb="watch", times=1)
        cluster.faults.drop_watches()
        await world.says("pods", "retrying", "older than")
        ends = time.monotonic() + 1.5
        while time.monotonic() < ends:
            assert await rows("pods") == before
            await asyncio.sleep(0.02)
        assert fault.struck >= 3
        cluster.faults.clear()
        world.change(3)
        await world.settles()
        assert world.recording.violations() == []
        async with db.transaction(org) as tx:
            assert await tx.value("select restored_at from clusters where id = %s", [cluster_id]) is None


async def test_46_i7_i11_a_very_large_list_is_read_in_bounded_pieces_while_others_go_on(
    cluster: Cluster, db: Database, org: Any, cluster_id: Any, writer: Writer, rows: Rows
) -> None:
    world = World(cluster, db, org, cluster_id, rows)
    pace = msgspec.structs.replace(PACE, listing=60.0, page=500, idle=30.0)
    async with world.followed(writer, pace=pace):
        await world.settles()
        await _large(world, writer)


async def _large(world: World, writer: Writer) -> None:
    for number in range(2 * BUDGET):
        world.cluster.api.create(
            {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": f"many-{number}"}, "data": {"a": "b"}}
        )
    world.cluster.compact()
    world.cluster.faults.drop_watches()
    most, later = 0, asyncio.create_task(_later(world))
    while not later.done():
        most = max(most, writer.waits)
        await asyncio.sleep(0.005)
    await later
    await world.settles(within=60)
    assert most <= BUDGET + 200  # one more for each stream that waits


async def _later(world: World) -> None:
    """While the large list runs, a pod of the same cluster arrives as if nothing were."""
    world.cluster.api.create(pod("meanwhile"))
    await world.until(lambda: _shown(world, "default/meanwhile"), within=10)


@pytest.mark.parametrize("effect", [Effect.UNSTREAMED, Effect.NO_END])
async def test_47_i9_without_streamed_lists_pages_serve_and_a_warning_says_so(
    effect: Effect, cluster: Cluster, db: Database, org: Any, cluster_id: Any, writer: Writer, rows: Rows
) -> None:
    cluster.seed(nodes=2, pods=12, seed=7)
    cluster.faults.add(effect)
    world = World(cluster, db, org, cluster_id, rows)
    with structlog.testing.capture_logs() as logs:
        async with world.followed(writer):
            await world.settles(within=30)
            await world.says("pods", "live")
    warned = {line["path"] for line in logs if line["event"] == "kube.streamed_lists_missing"}
    assert len(warned) >= UNSTREAMED  # the others, pods among them, are not even tried
    assert [request for request in lists(world) if request.is_list]


async def test_47_i9_a_streamed_list_without_end_of_a_kind_that_changes_all_the_time(
    cluster: Cluster, db: Database, org: Any, cluster_id: Any, writer: Writer, rows: Rows
) -> None:
    cluster.faults.add(Effect.NO_END, resource="pods")
    world = World(cluster, db, org, cluster_id, rows)

    async def changing() -> None:
        while True:
            world.change(1)
            await asyncio.sleep(0.1)

    async with world.followed(writer):
        task = asyncio.create_task(changing())
        await world.says("pods", "live")
        task.cancel()
        await world.settles()
