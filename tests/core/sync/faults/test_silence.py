"""The fault table: watches that say nothing, or too little (33, 34, 45)."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime
from typing import Any

import msgspec

from basefly.base.db.pool import Database
from basefly.core.clusters.model import ClusterState
from basefly.core.sync import freshness
from basefly.core.sync.model import Place, StreamState
from basefly.core.sync.writing.writer import Writer
from basefly.sim import Cluster
from basefly.sim.faults import Effect
from tests.core.sync.conftest import Rows, running
from tests.core.sync.faults.conftest import PACE, World
from tests.core.sync.test_cluster import pod

NOW_AND_THEN = msgspec.structs.replace(PACE, ends_after=(300, 600))


async def test_33_i3_i9_watches_that_fall_silent_are_found_out_said_and_made_up_for_by_lists(world: World) -> None:
    began = time.monotonic()
    with world.cluster.faults.inject(Effect.STALLED, resource="pods", verb="watch") as fault:
        world.cluster.faults.drop_watches()
        world.change()
        stream = await world.says("pods", "retrying", "tell nothing")
        assert fault.struck
        assert time.monotonic() - began < 15  # some times PACE.idle
        assert freshness.missing(answering(world), [stream], datetime.now(UTC)) is not None
        await world.settles()  # by lists alone
    world.change()
    await world.says("pods", "live")
    await world.settles()


async def test_33_i3_a_watch_on_a_dead_connection_is_opened_anew(world: World) -> None:
    """Half an event, then nothing, and nobody closes: the rest is asked for again from where it was."""
    world.cluster.faults.add(Effect.HALF_OPEN, resource="pods", verb="watch", times=1)
    world.cluster.faults.drop_watches()
    await asyncio.sleep(0.5)
    world.change()
    await world.settles()
    assert world.recording.violations() == []


async def test_34_i3_without_bookmarks_a_quiet_kind_stays_live(
    cluster: Cluster, db: Database, org: Any, cluster_id: Any, writer: Writer, rows: Rows, monkeypatch: Any
) -> None:
    said: list[tuple[Any, ...]] = []
    state = writer.state

    def overheard(*told: Any) -> None:
        said.append(told)
        state(*told)

    monkeypatch.setattr(writer, "state", overheard)
    cluster.seed(nodes=2, pods=12, seed=7)
    cluster.faults.add(Effect.NO_BOOKMARKS)
    world = World(cluster, db, org, cluster_id, rows)
    async with world.followed(writer, pace=NOW_AND_THEN):
        await world.settles()
        ends = time.monotonic() + 4 * PACE.idle
        while time.monotonic() < ends:
            assert (await world.stream("pods")).state in ("live", "listing")
            await asyncio.sleep(0.1)
        stream = await world.says("pods", "live")
        assert not [told for told in said if told[1] != "listing"]  # nor for a moment
        assert stream.as_of is not None
        assert (datetime.now(UTC) - stream.as_of).total_seconds() < 3 * PACE.idle
        cluster.api.create(pod("a"))
        await world.settles()


async def test_an_interruption_that_goes_on_is_written_once(
    cluster: Cluster, db: Database, org: Any, cluster_id: Any, writer: Writer, rows: Rows, monkeypatch: Any
) -> None:
    """Each time would wake everybody who looks at the kind, over all clusters."""
    said: list[tuple[str, str, str]] = []
    state = writer.state

    def overheard(place: Place, how: StreamState, reason: str) -> None:
        said.append((place.resource, how, reason))
        state(place, how, reason)

    monkeypatch.setattr(writer, "state", overheard)
    cluster.seed(nodes=1, pods=3, seed=7)
    world = World(cluster, db, org, cluster_id, rows)
    async with world.followed(writer):
        await world.settles()
        for times in (1, 2):
            with cluster.faults.inject(Effect.ERROR, code=503, resource="pods") as fault:
                cluster.faults.drop_watches()
                await world.says("pods", "retrying")
                while fault.struck < 8:
                    await asyncio.sleep(0.05)
            await world.says("pods", "live")
            told = [one for one in said if one[:2] == ("pods", "retrying")]
            assert told == told[:1] * times


async def test_45_i11_a_slow_cluster_keeps_no_turn_from_others(
    cluster: Cluster, db: Database, org: Any, cluster_id: Any, writer: Writer, rows: Rows, world: World
) -> None:
    """All lists of a cluster hang; more of them than there are turns. Another one's lists go on."""
    turns = PACE.lists
    assert turns is not None
    slow = turns.of_a_cluster()
    held = asyncio.Event()

    async def hang() -> None:
        async with slow.turn():
            held.set()
            await asyncio.sleep(60)

    async with running(_all(hang() for _ in range(20))):
        await held.wait()
        world.cluster.compact()
        world.change()
        world.cluster.compact()
        world.cluster.faults.drop_watches()
        await world.settles()


async def _all(work: Any) -> None:
    await asyncio.gather(*work)


def answering(world: World) -> ClusterState:
    return ClusterState(
        id=world.cluster_id, name="berlin", region="", provider="", version="v1", health="healthy", health_reason="",
        probed_at=datetime.now(UTC),
    )  # fmt: skip
