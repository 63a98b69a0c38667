"""A cluster that decides otherwise than its roles read is found out, marked, and asked itself."""

from __future__ import annotations

from uuid import UUID

from basefly.core.rights.controller import RightsController, compare
from basefly.sim import Cluster
from tests.core.rights.conftest import binding, choose, names, role, sees
from tests.people import Hub, Person

EVERYTHING = {"apiGroups": ["*"], "resources": ["*"]}
IN_SHOP = {"resources": ["configmaps", "namespaces"]}


async def pretend(hub: Hub, owner: Person, cluster_id: str) -> None:
    """Let the rows say that everybody who may look sees everything, as if a webhook decided otherwise than they do."""
    async with hub.house.db.transaction(owner.by.org_id) as tx:
        await tx.execute(
            """update objects set cells = '{"count": 1, "rules": [{"verbs": ["*"], "apiGroups": ["*"],
               "resources": ["*"]}]}', digest = 1
               where org_id = %s and resource = 'clusterroles.rbac.authorization.k8s.io' and name = 'wide'""",
            [tx.org_id],
        )
        await tx.notify(f"inventory/{cluster_id}/clusterroles.rbac.authorization.k8s.io")


async def test_agrees(hub: Hub, prod: str, owner: Person, viewer: Person, cluster: Cluster) -> None:
    cluster.api.create(role("wide", EVERYTHING))
    cluster.api.create(binding("wide", "wide", "basefly:view"))
    await choose(owner, "clusters")
    await sees(viewer, "bank/a", "bank/b", "shop/a", "shop/b")
    await RightsController(hub.house, settle=0).step()
    (standing,) = (await owner.http.get("/api/v1/rights")).json()["clusters"]
    assert standing["state"] == "agrees", standing


async def test_where_they_differ_the_cluster_is_asked(
    hub: Hub, prod: str, owner: Person, viewer: Person, cluster: Cluster
) -> None:
    cluster.api.create(role("wide", {"resources": ["services"]}))
    cluster.api.create(binding("wide", "wide", "basefly:view"))
    cluster.api.create(role("shop", IN_SHOP))
    cluster.api.create(binding("shop", "shop", "basefly:view", namespace="shop"))
    await choose(owner, "clusters")
    await sees(viewer, "shop/a", "shop/b")
    await pretend(hub, owner, prod)
    await sees(viewer, "bank/a", "bank/b", "shop/a", "shop/b")
    assert await compare(hub.house, owner.by.org_id, UUID(prod), settle=0) == "differs"
    await sees(viewer, "shop/a", "shop/b")
    assert await names(viewer, "namespaces") == ["/shop"]
    (standing,) = (await owner.http.get("/api/v1/rights")).json()["clusters"]
    assert standing["state"] == "differs"
    assert "otherwise than its roles read" in standing["detail"]
    page = await viewer.http.get(f"/clusters/{prod}")
    assert "Rights are asked of the cluster" in page.text


async def test_one_that_gives_no_answer_shows_nothing_and_says_why(
    hub: Hub, prod: str, owner: Person, viewer: Person, cluster: Cluster
) -> None:
    cluster.api.create(role("wide", {"resources": ["configmaps"]}))
    cluster.api.create(binding("wide", "wide", "basefly:view"))
    await choose(owner, "clusters")
    await sees(viewer, "bank/a", "bank/b", "shop/a", "shop/b")
    await pretend(hub, owner, prod)
    await sees(viewer, "bank/a", "bank/b", "shop/a", "shop/b")
    assert await compare(hub.house, owner.by.org_id, UUID(prod), settle=0) == "differs"
    await cluster.stop()
    await sees(viewer)
    missing = (await viewer.http.get("/api/v1/objects/configmaps")).json()["missing"]
    assert "gave no answer" in missing[0]["reason"]
