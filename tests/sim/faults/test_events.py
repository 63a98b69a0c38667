"""Watches that keep silent, lose, repeat or turn around what happens."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from basefly.sim import Cluster, Effect
from tests.sim.faults.raw import MAPS, config_map, hear

STREAMED = f"{MAPS}?watch=1&allowWatchBookmarks=1&sendInitialEvents=1&resourceVersionMatch=NotOlderThan"


async def events(cluster: Cluster, path: str) -> list[tuple[str, str]]:
    """Type and name of what a watch of two seconds tells."""
    heard = await hear(cluster, path + "&timeoutSeconds=2", silence=10)
    assert heard.ended == "whole"
    told: list[Any] = [json.loads(line) for line in heard.lines]
    return [(event["type"], event["object"]["metadata"].get("name", "")) for event in told]


def happenings(cluster: Cluster) -> str:
    """Make, change and delete; the path of a watch that tells of it."""
    start = cluster.store.version
    cluster.api.create(config_map("a"))
    cluster.api.create(config_map("b"))
    cluster.api.delete("configmaps", "a")
    return f"{MAPS}?watch=1&resourceVersion={start}"


async def test_stalled_is_silent_until_the_fault_ends(cluster: Cluster) -> None:
    path = happenings(cluster)
    with cluster.faults.inject(Effect.STALLED):
        heard = await hear(cluster, path, silence=1)
        assert (heard.status, heard.text, heard.ended) == (200, b"", "silent")
        listening = asyncio.create_task(events(cluster, path))
        await asyncio.sleep(0.5)
    assert len(await listening) == 3


async def test_bookmarks_are_kept_back_each_by_its_fault(cluster: Cluster) -> None:
    cluster.bookmark_seconds = 0.1
    assert [kind for kind, _ in await events(cluster, STREAMED)].count("BOOKMARK") > 2
    with cluster.faults.inject(Effect.NO_BOOKMARKS):
        assert [kind for kind, _ in await events(cluster, STREAMED)].count("BOOKMARK") == 1
        with cluster.faults.inject(Effect.NO_END):
            assert [kind for kind, _ in await events(cluster, STREAMED)].count("BOOKMARK") == 0


async def test_events_are_missed_told_twice_and_turned_around(cluster: Cluster) -> None:
    path = happenings(cluster)
    added, deleted = [("ADDED", "a"), ("ADDED", "b")], ("DELETED", "a")
    with cluster.faults.inject(Effect.MISSED_DELETES) as fault:
        assert await events(cluster, path) == added
    assert fault.struck == 1
    with cluster.faults.inject(Effect.DUPLICATE, times=2):
        assert await events(cluster, path) == [added[0], added[0], added[1], added[1], deleted]
    with cluster.faults.inject(Effect.REORDERED, window=3):
        assert await events(cluster, path) == [deleted, *reversed(added)]


async def test_a_lagging_replica_catches_up_when_the_fault_ends(cluster: Cluster) -> None:
    start = cluster.store.version
    path = happenings(cluster)
    with cluster.faults.inject(Effect.LAGGING, behind=2):
        listed = json.loads((await hear(cluster, MAPS)).text)
        assert [item["metadata"]["name"] for item in listed["items"]] == ["a", "kube-root-ca.crt"]
        assert listed["metadata"]["resourceVersion"] == str(start + 1)
        assert (await hear(cluster, f"{MAPS}?resourceVersion={start + 2}")).status == 504
        assert await events(cluster, path) == [("ADDED", "a")]
        listening = asyncio.create_task(events(cluster, path))
        await asyncio.sleep(0.5)
    assert await listening == [("ADDED", "a"), ("ADDED", "b"), ("DELETED", "a")]
