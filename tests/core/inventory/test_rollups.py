"""What is counted as rows are written, against counting."""

from __future__ import annotations

from uuid import UUID

from basefly.base.db.pool import Database
from basefly.core.inventory.store import rollups
from basefly.core.sync.cluster import ClusterSync
from basefly.sim import Cluster
from tests.core.sync.conftest import Equal, eventually


class TestRollups:
    async def test_are_what_counting_would_give(
        self, cluster: Cluster, equal: Equal, synced: ClusterSync, db: Database, org: UUID, cluster_id: UUID
    ) -> None:
        cluster.seed(nodes=2, pods=30, seed=5)
        await eventually(lambda: equal("pods"))
        for whole in cluster.api.list("pods")[:10]:
            meta = whole["metadata"]
            cluster.api.delete("pods", meta["name"], meta["namespace"])
        for whole in cluster.api.list("pods")[:5]:
            meta = whole["metadata"]
            cluster.api.change(
                "pods", meta["name"], meta["namespace"], by=lambda w: w["status"].update(reason="Evicted")
            )
        await eventually(lambda: equal("pods"))

        async def agree() -> bool:
            async with db.transaction(org) as tx:
                kept = await rollups.get_rollups(tx, [cluster_id], ["pods"])
                query = """select cluster_id, resource, namespace, status, health, count(*) as count from objects
                           where org_id = %s and resource = 'pods' group by 1, 2, 3, 4, 5"""
                counted = await tx.all(rollups.Rollup, query, [org])
            return bool(counted) and sorted(map(str, kept)) == sorted(map(str, counted))

        await eventually(agree)
