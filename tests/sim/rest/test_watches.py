"""Watches: initial events, changes in order, bookmarks, selectors, timeouts and compaction."""

from __future__ import annotations

import asyncio
from typing import Any

from basefly.sim import Cluster, Effect
from tests.sim.asking import Asker, asking

MAPS = "/api/v1/namespaces/default/configmaps"


def config_map(name: str, **labels: str) -> dict[str, Any]:
    meta = {"name": name, "namespace": "default", "labels": labels}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta}


async def collect(asker: Asker, path: str, *, until: int) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    async with asyncio.timeout(10):
        async for event in asker.watch(path):
            found.append(event)
            if len(found) >= until:
                break
    return found


def told(events: list[dict[str, Any]]) -> list[tuple[str, str]]:
    return [(event["type"], event["object"]["metadata"].get("name", "")) for event in events]


async def test_a_watch_from_a_version_tells_what_came_after_it(cluster: Cluster) -> None:
    start = cluster.store.version
    cluster.api.create(config_map("a"))
    cluster.api.change("configmaps", "a", by=lambda obj: obj.update(data={"k": "v"}))
    cluster.api.delete("configmaps", "a")
    async with asking(cluster) as asker:
        events = await collect(asker, f"{MAPS}?watch=1&resourceVersion={start}", until=3)
    assert told(events) == [("ADDED", "a"), ("MODIFIED", "a"), ("DELETED", "a")]
    versions = [int(event["object"]["metadata"]["resourceVersion"]) for event in events]
    assert versions == sorted(set(versions))
    assert versions[0] > start


async def test_a_streamed_list_ends_with_its_bookmark_and_goes_on(cluster: Cluster) -> None:
    path = f"{MAPS}?watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true"
    async with asking(cluster) as asker:
        gathering = asyncio.create_task(collect(asker, path, until=3))
        while not cluster.faults.open_watches:
            await asyncio.sleep(0.01)
        cluster.api.create(config_map("later"))
        events = await gathering
    assert told(events) == [("ADDED", "kube-root-ca.crt"), ("BOOKMARK", ""), ("ADDED", "later")]
    assert events[1]["object"]["metadata"]["annotations"] == {"k8s.io/initial-events-end": "true"}


async def test_what_begins_or_ceases_to_match_is_added_or_deleted(cluster: Cluster) -> None:
    start = cluster.store.version
    cluster.api.create(config_map("a", tier="web"))
    cluster.api.change("configmaps", "a", by=lambda obj: obj["metadata"]["labels"].update(tier="db"))
    cluster.api.change("configmaps", "a", by=lambda obj: obj["metadata"]["labels"].update(tier="web"))
    async with asking(cluster) as asker:
        path = f"{MAPS}?watch=1&resourceVersion={start}&labelSelector=tier%3Dweb"
        events = await collect(asker, path, until=3)
    assert told(events) == [("ADDED", "a"), ("DELETED", "a"), ("ADDED", "a")]
    assert events[1]["object"]["metadata"]["labels"] == {"tier": "web"}
    versions = [int(event["object"]["metadata"]["resourceVersion"]) for event in events]
    assert versions == [start + 1, start + 2, start + 3]


async def test_bookmarks_come_only_to_whoever_asks(cluster: Cluster) -> None:
    cluster.bookmark_seconds = 0.1
    version = cluster.store.version
    async with asking(cluster) as asker:
        path = f"{MAPS}?watch=1&timeoutSeconds=1&resourceVersion={version}"
        asked = await collect(asker, f"{path}&allowWatchBookmarks=1", until=2)
        unasked = await collect(asker, path, until=2)
    assert [event["type"] for event in asked] == ["BOOKMARK", "BOOKMARK"]
    assert unasked == []


async def test_a_watch_gets_a_last_bookmark_before_it_ends(cluster: Cluster) -> None:
    async with asking(cluster) as asker:
        path = f"{MAPS}?watch=1&timeoutSeconds=3&allowWatchBookmarks=1&resourceVersion={cluster.store.version}"
        events = await collect(asker, path, until=9)
    assert [event["type"] for event in events] == ["BOOKMARK"]


async def test_a_watch_ends_in_time_though_events_never_do(cluster: Cluster) -> None:
    cluster.api.create(config_map("busy"))

    async def churn() -> None:
        while True:
            cluster.api.change("configmaps", "busy", by=lambda obj: obj.update(data={"k": str(cluster.store.version)}))
            await asyncio.sleep(0)

    churning = asyncio.create_task(churn())
    async with asking(cluster) as asker, asyncio.timeout(10):
        path = f"{MAPS}?watch=1&timeoutSeconds=1&resourceVersion={cluster.store.version}"
        assert [event async for event in asker.watch(path)] != []
    churning.cancel()


async def test_a_compacted_version_is_an_error_event(cluster: Cluster) -> None:
    start = cluster.store.version
    cluster.api.create(config_map("a"))
    cluster.compact()
    async with asking(cluster) as asker:
        [event] = await collect(asker, f"{MAPS}?watch=1&resourceVersion={start}", until=2)
    assert event["type"] == "ERROR"
    assert (event["object"]["code"], event["object"]["reason"]) == (410, "Expired")
    assert event["object"]["message"] == f"too old resource version: {start} ({cluster.store.compacted})"


async def test_a_new_watch_may_not_start_before_the_compaction_even_of_a_quiet_kind(cluster: Cluster) -> None:
    start = cluster.store.version
    cluster.seed(nodes=1, pods=4)
    async with asking(cluster) as asker:
        [event] = await collect(asker, f"/api/v1/pods?watch=1&resourceVersion={start}", until=2)
    assert (event["type"], event["object"]["code"]) == ("ERROR", 410)


async def test_an_open_watch_that_missed_nothing_outlives_a_compaction(cluster: Cluster) -> None:
    path = f"{MAPS}?watch=1&resourceVersion={cluster.store.version}"
    async with asking(cluster) as asker:
        gathering = asyncio.create_task(collect(asker, path, until=2))
        while not cluster.faults.open_watches:
            await asyncio.sleep(0.01)
        cluster.api.create(config_map("a"))
        await asyncio.sleep(0.1)
        cluster.compact()
        cluster.api.create(config_map("b"))
        assert told(await gathering) == [("ADDED", "a"), ("ADDED", "b")]


async def test_faults_of_watches(cluster: Cluster) -> None:
    version = cluster.store.version
    cluster.faults.add(Effect.GONE, verb="watch", times=1)
    async with asking(cluster) as asker:
        [event] = await collect(asker, f"{MAPS}?watch=1&resourceVersion={version}", until=2)
        assert event["object"]["code"] == 410
        assert await collect(asker, f"{MAPS}?watch=1&resourceVersion={version}&timeoutSeconds=1", until=1) == []
