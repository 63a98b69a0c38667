"""The inventory against the simulator's truth: first list, every kind of change, and every way in which it breaks."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import UUID

import msgspec

from basefly.base.db.pool import Database
from basefly.base.kube.client import Client
from basefly.base.kube.watch import Pace
from basefly.core.sync import kinds
from basefly.core.sync.cluster import ClusterSync
from basefly.core.sync.store import streams
from basefly.core.sync.writing.writer import Writer
from basefly.sim import Cluster
from basefly.sim.faults import Effect
from tests.core.sync.conftest import Equal, Rows, eventually, running

QUICK = Pace(backoff=(0.05, 0.2), spread=1.0, idle=5.0)


def pod(name: str, phase: str = "Running", **labels: str) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": "default", "labels": labels},
        "spec": {"containers": [{"name": "app", "image": "app:1"}]},
        "status": {"phase": phase},
    }


def definition(plural: str) -> dict[str, Any]:
    group = "example.com"
    schema = {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.{group}"},
        "spec": {
            "group": group,
            "scope": "Namespaced",
            "names": {"plural": plural, "singular": plural[:-1], "kind": plural[:-1].title()},
            "versions": [{"name": "v1", "served": True, "storage": True, "schema": schema}],
        },
    }


class TestFirstSync:
    async def test_everything_the_cluster_serves_becomes_rows(
        self, cluster: Cluster, rows: Rows, equal: Equal, synced: ClusterSync
    ) -> None:
        cluster.seed(nodes=3, pods=40, seed=7)
        followed = [kind.resource for kind in kinds.KINDS]
        await eventually(lambda: equal(*followed))
        assert len(await rows("pods")) >= 40

    async def test_pages_serve_where_lists_cannot_be_streamed(
        self, cluster: Cluster, equal: Equal, db: Database, org: UUID, cluster_id: UUID, writer: Writer, client: Client
    ) -> None:
        cluster.seed(nodes=2, pods=30, seed=7)
        cluster.faults.add(Effect.UNSTREAMED)
        pace = Pace(page=7, backoff=(0.05, 0.2), spread=1.0)
        sync = ClusterSync(db, writer, org_id=org, cluster_id=cluster_id, pace=pace)
        async with running(sync.run(client)):
            await eventually(lambda: equal("pods", "nodes", "configmaps"))
        assert any(r.is_list and r.query.get("continue") for r in cluster.requests)


class TestChanges:
    async def test_created_changed_deleted(
        self, cluster: Cluster, rows: Rows, equal: Equal, synced: ClusterSync
    ) -> None:
        cluster.api.create(pod("a", "Pending"))
        await eventually(lambda: equal("pods"))
        cluster.api.change("pods", "a", by=lambda whole: whole["status"].update(phase="Failed"))

        async def failed() -> bool:
            return (await rows("pods"))["default/a"].status == "Failed"

        await eventually(failed)
        cluster.api.delete("pods", "a")
        await eventually(lambda: equal("pods"))
        assert await rows("pods") == {}

    async def test_a_name_born_again_is_a_new_object(
        self, cluster: Cluster, rows: Rows, equal: Equal, synced: ClusterSync
    ) -> None:
        first = cluster.api.create(pod("a"))
        await eventually(lambda: equal("pods"))
        cluster.api.delete("pods", "a")
        second = cluster.api.create(pod("a"))
        await eventually(lambda: equal("pods"))
        assert (await rows("pods"))["default/a"].uid == second["metadata"]["uid"] != first["metadata"]["uid"]

    async def test_an_unchanged_projection_is_not_written(
        self, cluster: Cluster, rows: Rows, equal: Equal, synced: ClusterSync
    ) -> None:
        cluster.api.create(pod("a"))
        cluster.api.create(pod("b"))
        await eventually(lambda: equal("pods"))
        before = (await rows("pods"))["default/a"]
        cluster.api.change("pods", "a", by=lambda whole: whole["metadata"].update(annotations={"beat": "1"}))
        cluster.api.delete("pods", "b")  # comes after the heartbeat in the same stream
        await eventually(lambda: equal("pods"))
        assert (await rows("pods"))["default/a"] == before

    async def test_a_custom_resource_comes_and_goes(
        self, cluster: Cluster, rows: Rows, equal: Equal, synced: ClusterSync
    ) -> None:
        await eventually(lambda: equal("namespaces"))
        cluster.api.create(definition("widgets"))
        cluster.api.create({"apiVersion": "example.com/v1", "kind": "Widget", "metadata": {"name": "w"}})

        async def there() -> bool:
            return list(await rows("widgets.example.com")) == ["default/w"]

        await eventually(there)
        cluster.api.delete("customresourcedefinitions.apiextensions.k8s.io", "widgets.example.com")

        async def gone() -> bool:
            return not await rows("widgets.example.com")

        await eventually(gone)


class TestFaults:
    async def test_what_was_missed_while_the_watch_was_down_is_made_up_for(
        self, cluster: Cluster, equal: Equal, synced: ClusterSync
    ) -> None:
        cluster.api.create(pod("old"))
        await eventually(lambda: equal("pods"))
        await cluster.stop()
        cluster.api.delete("pods", "old")
        cluster.api.create(pod("new"))
        cluster.compact()  # the version we stand at is forgotten: only a new list can tell
        await cluster.start()
        await eventually(lambda: equal("pods"), within=20)

    async def test_a_rejected_version_in_the_watch_leads_to_a_new_list(
        self, cluster: Cluster, equal: Equal, synced: ClusterSync
    ) -> None:
        cluster.api.create(pod("a"))
        await eventually(lambda: equal("pods"))
        cluster.faults.add(Effect.GONE, resource="pods", verb="watch", times=1)
        cluster.faults.drop_watches()
        cluster.api.create(pod("b"))
        await eventually(lambda: equal("pods"), within=20)

    async def test_another_cluster_at_the_same_address_is_read_anew(
        self, cluster: Cluster, rows: Rows, equal: Equal, synced: ClusterSync
    ) -> None:
        cluster.api.create(pod("old"))
        await eventually(lambda: equal("pods", "namespaces"))
        await cluster.stop()
        rebuilt = Cluster("rebuilt", seed=99)
        for number in range(50):  # its versions are ahead of those of the cluster before
            rebuilt.api.create(pod(f"new-{number}"))
        rebuilt.authority, rebuilt.certificate = cluster.authority, cluster.certificate
        rebuilt.tokens, rebuilt.address = cluster.tokens, cluster.address
        await rebuilt.start()
        try:

            async def replaced() -> bool:
                return sorted(await rows("pods")) == sorted(f"default/new-{number}" for number in range(50))

            await eventually(replaced, within=30)
        finally:
            await rebuilt.stop()

    async def test_a_kind_we_may_not_read_is_marked_and_the_others_go_on(
        self, cluster: Cluster, equal: Equal, synced: ClusterSync, db: Database, org: UUID
    ) -> None:
        cluster.faults.add(Effect.FORBIDDEN, resource="secrets")
        cluster.api.create(pod("a"))
        await eventually(lambda: equal("pods"))

        async def denied() -> bool:
            async with db.transaction(org) as tx:
                (stream,) = await streams.get_streams(tx, resource="secrets")
            return stream.state == "denied" and "forbidden" in stream.reason

        await eventually(denied)

    async def test_an_odd_object_is_set_aside_and_the_stream_goes_on(
        self, cluster: Cluster, rows: Rows, equal: Equal, synced: ClusterSync
    ) -> None:
        odd = pod("odd")
        odd["metadata"]["labels"] = {"nul": "a\u0000b"}
        cluster.api.create(odd)
        cluster.api.create(pod("sound"))

        async def kept() -> bool:
            return "default/sound" in await rows("pods")

        await eventually(kept)
        assert (await rows("pods"))["default/odd"].labels == {"nul": "a\ufffdb"}


class TestResume:
    async def test_an_unchanged_cluster_is_not_listed_again(
        self,
        cluster: Cluster,
        equal: Equal,
        db: Database,
        org: UUID,
        cluster_id: UUID,
        writer: Writer,
        client: Client,
    ) -> None:
        cluster.seed(nodes=2, pods=20, seed=3)
        async with running(ClusterSync(db, writer, org_id=org, cluster_id=cluster_id, pace=QUICK).run(client)):
            await eventually(lambda: equal("pods", "nodes", "services"))
            await asyncio.sleep(0.5)
        cluster.requests.clear()
        cluster.api.create(pod("while-away"))
        async with running(ClusterSync(db, writer, org_id=org, cluster_id=cluster_id, pace=QUICK).run(client)):
            await eventually(lambda: equal("pods", "nodes", "services"))
        asked = [r for r in cluster.requests if r.target.resource in ("pods", "nodes", "services")]
        assert asked
        assert not [r for r in asked if r.is_list or "sendInitialEvents" in r.query]


class TestParking:
    """Kinds of which nothing is told need no task that waits for it."""

    async def test_what_is_quiet_is_parked_and_its_next_change_is_seen(
        self, cluster: Cluster, equal: Equal, db: Database, org: UUID, cluster_id: UUID, writer: Writer, client: Client
    ) -> None:
        cluster.seed(nodes=2, pods=5, seed=7)
        cluster.bookmark_seconds = 0.5
        followed = [kind.resource for kind in kinds.KINDS]
        sync = ClusterSync(
            db, writer, org_id=org, cluster_id=cluster_id, pace=msgspec.structs.replace(QUICK, quiet=0.3)
        )
        async with running(sync.run(client)):
            await eventually(lambda: equal(*followed))
            await eventually(_all_are_parked)
            asked = len(cluster.requests)
            cluster.api.create(pod("late"))
            cluster.api.delete("nodes", cluster.api.list("nodes")[0]["metadata"]["name"])
            await eventually(lambda: equal("pods", "nodes"))
            await eventually(_all_are_parked)
            assert len(cluster.requests) == asked, "the same watches"
            assert cluster.cut()
            cluster.api.create(pod("later"))
            await eventually(lambda: equal("pods"))
            await eventually(_all_are_parked)

    async def test_a_version_that_a_parked_watch_told_is_where_it_goes_on(
        self, cluster: Cluster, equal: Equal, db: Database, org: UUID, cluster_id: UUID, writer: Writer, client: Client
    ) -> None:
        cluster.bookmark_seconds = 0.5
        pace = msgspec.structs.replace(QUICK, quiet=0.2)
        async with running(ClusterSync(db, writer, org_id=org, cluster_id=cluster_id, pace=pace).run(client)):
            await eventually(lambda: equal("namespaces"))
            await eventually(_all_are_parked)
            made = cluster.api.create(pod("a"))  # all other kinds are told by bookmarks how far the cluster is
            await eventually(lambda: equal("pods"))

            async def told() -> bool:
                async with db.transaction(org) as tx:
                    (nodes,) = await streams.get_streams(tx, clusters=[cluster_id], resource="nodes")
                return int(nodes.resource_version) >= int(made["metadata"]["resourceVersion"])

            await eventually(told)


async def _all_are_parked() -> bool:
    """But definitions, for which somebody listens."""
    return sum(task.get_name().startswith("sync ") for task in asyncio.all_tasks()) <= 1 + len(("sync health",))
