"""The fault table: restored clusters, objects of two lives, and objects that cannot be read (38, 39, 42, 43)."""

from __future__ import annotations

import asyncio
from datetime import datetime
from uuid import UUID

import pytest

from basefly.base.db.pool import Database
from basefly.core.sync.store import streams
from basefly.core.sync.writing.writer import Writer
from basefly.sim import Cluster
from basefly.sim.faults import Effect
from bench.soak import truth
from tests.core.sync.conftest import Rows
from tests.core.sync.faults.conftest import World
from tests.core.sync.test_cluster import definition, pod


async def test_38_i9_a_name_born_again_between_two_looks_is_two_lives(world: World) -> None:
    first = world.cluster.api.create(pod("twice"))
    await world.settles()
    await world.cluster.stop()
    world.cluster.api.delete("pods", "twice")
    second = world.cluster.api.create(pod("twice"))
    await world.cluster.start()
    await world.settles()
    assert (await world.rows("pods"))["default/twice"].uid == second["metadata"]["uid"] != first["metadata"]["uid"]
    async with asyncio.timeout(5):
        world.cluster.api.delete("pods", "twice")
        third = world.cluster.api.create(pod("twice"))
        await world.settles()
    assert (await world.rows("pods"))["default/twice"].uid == third["metadata"]["uid"]


@pytest.mark.parametrize("how", ["backup", "backup-then-moved-on"])
async def test_39_i9_a_restored_cluster_is_read_anew_and_said_to_be_one(how: str, world: World) -> None:
    world.cluster.api.create(pod("in-the-backup"))
    await world.settles()
    backup = world.cluster.snapshot()
    world.change(20)
    world.cluster.api.delete("pods", "in-the-backup")
    await world.settles()
    world.cluster.restore(backup)
    if how == "backup-then-moved-on":
        world.cluster.api.create(pod("after-the-restore"))
    await world.settles(within=30)
    assert "default/in-the-backup" in await world.rows("pods")
    await world.until(lambda: _restored_at(world))
    async with world.db.transaction(world.org) as tx:
        acts = await tx.all(str, "select act from audit_records where act = 'cluster.put_back'")
        stream = (await streams.get_streams(tx, clusters=[world.cluster_id], resource="pods"))[0]
        tombstone = await streams.get_tombstone(tx, stream, "default", "load-1")
    assert acts == ["cluster.put_back"]  # once, though every kind has noticed
    assert tombstone == "restored"


async def _restored_at(world: World) -> bool:
    async with world.db.transaction(world.org) as tx:
        found = await tx.value("select restored_at from clusters where id = %s", [world.cluster_id])
    return isinstance(found, datetime)


@pytest.mark.parametrize("effect", [Effect.GARBLED, Effect.NAN, Effect.DEEP, Effect.FLIPPED])
async def test_42_i7_what_cannot_be_read_is_set_aside_in_sight_and_the_stream_goes_on(
    effect: Effect, world: World
) -> None:
    world.cluster.faults.add(effect, resource="pods", verb="watch", times=1)
    world.cluster.api.create(pod("odd"))
    world.cluster.api.create(pod("sound"))
    seen = ""

    async def shown() -> bool:
        nonlocal seen
        held = await world.rows("pods")
        seen = seen or (held["default/odd"].status if "default/odd" in held else "")
        return bool(seen) and "default/sound" in held

    await world.until(shown)
    assert seen == "Unreadable" or effect is Effect.FLIPPED  # a pod whose kept fields are as they were is no stranger
    await world.settles(within=20)


async def test_42_i7_a_line_of_any_size_fills_no_memory_and_what_it_hid_is_asked_for(world: World) -> None:
    world.cluster.faults.add(Effect.HUGE, resource="pods", verb="watch", times=1, size=50_000_000)
    world.cluster.api.create(pod("huge"))
    world.cluster.api.create(pod("sound"))
    await world.settles(within=30)


async def test_42_i3_a_list_says_that_it_lacks_what_could_not_even_be_named(world: World) -> None:
    with world.cluster.faults.inject(Effect.HUGE, resource="pods", size=9_000_000):
        world.cluster.api.create(pod("huge"))
        await world.until(lambda: _skipped(world))
        assert "longer than" in (await world.stream("pods")).reason
    await world.settles(within=20)
    assert not await _skipped(world)


async def _skipped(world: World) -> bool:
    return (await world.stream("pods")).skipped > 0


@pytest.mark.parametrize("seen", [True, False])
async def test_43_i9_a_definition_deleted_while_its_kind_is_watched_takes_its_objects_along(
    seen: bool, world: World
) -> None:
    api = world.cluster.api
    api.create(definition("widgets"))
    api.create({"apiVersion": "example.com/v1", "kind": "Widget", "metadata": {"name": "w"}})
    await world.settles()
    assert "default/w" in await world.rows("widgets.example.com")
    if not seen:
        await world.cluster.stop()
    api.delete("customresourcedefinitions.apiextensions.k8s.io", "widgets.example.com")
    if not seen:
        await world.cluster.start()
    await world.settles()
    assert not await world.rows("widgets.example.com")


async def test_43_i9_every_kind_with_every_type_flipped_hides_no_other_object(
    cluster: Cluster, db: Database, org: UUID, cluster_id: UUID, writer: Writer, rows: Rows
) -> None:
    cluster.seed(nodes=2, pods=12, seed=7)
    world = World(cluster, db, org, cluster_id, rows)
    flipped = cluster.faults.add(Effect.FLIPPED, share=0.5)
    async with world.followed(writer):
        for resource in ("pods", "deployments.apps", "configmaps", "nodes"):
            await world.says(resource, "live")
        there = {(key, held.name) for key, held in truth.truth(cluster).items() if key[0] == "deployments.apps"}
        kept = {(key, held.name) for key, held in (await truth.inventory(db, org, cluster_id)).items()}
        assert there <= kept  # flipped or not, each is there
        assert flipped.struck > 30
        cluster.faults.clear()
        cluster.faults.add(Effect.GONE_AT_ONCE, verb="watch", times=len(truth.followed(cluster)))
        cluster.faults.drop_watches()
        await world.settles(within=30)
