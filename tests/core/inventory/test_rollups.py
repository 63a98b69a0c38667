"""What is counted as rows are written, against counting."""

from __future__ import annotations

from uuid import UUID

from basefly.base.db.pool import Database
from basefly.base.principal import Reach, Scope
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
                columns = "cluster_id::text, resource, namespace, status, health"
                kept = await tx.all(dict, f"select {columns}, count from rollups where resource = 'pods' and count > 0")
                query = f"""select {columns}, count(*) as count from objects where resource = 'pods'
                            group by 1, 2, 3, 4, 5"""
                counted = await tx.all(dict, query)
                sums = await rollups.sum_by(
                    tx, Scope(org, (Reach(None, None),)), ("health",), [cluster_id], resources=("pods",)
                )
            assert sum(each.count for each in sums) == sum(row["count"] for row in kept)
            return bool(counted) and sorted(map(str, kept)) == sorted(map(str, counted))

        await eventually(agree)
