"""What people see where the clusters' rules count: lists, counts, facets, search, export, objects, live updates."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator

import pytest

from basefly.sim import Cluster
from tests.core.rights.conftest import binding, choose, configmap, role, sees
from tests.people import Hub, Person, join

MAPS = {"resources": ["configmaps"]}
ALL = ("bank/a", "bank/b", "shop/a", "shop/b")


class TestSeeing:
    async def test_grants_alone_until_the_owner_chooses(self, prod: str, owner: Person, viewer: Person) -> None:
        await sees(viewer, *ALL)
        await choose(owner, "clusters")
        await sees(viewer)
        await choose(owner, "hub")
        await sees(viewer, *ALL)

    async def test_a_role_over_all(self, prod: str, owner: Person, viewer: Person, cluster: Cluster) -> None:
        await choose(owner, "clusters")
        cluster.api.create(role("maps", MAPS))
        cluster.api.create(binding("maps", "maps", "basefly:view"))
        await sees(viewer, *ALL)
        cluster.api.delete("clusterrolebindings.rbac.authorization.k8s.io", "maps")
        await sees(viewer)

    async def test_a_role_in_a_namespace(self, prod: str, owner: Person, viewer: Person, cluster: Cluster) -> None:
        await choose(owner, "clusters")
        cluster.api.create(role("maps", MAPS))
        cluster.api.create(binding("maps", "maps", f"basefly:{viewer.by.user_id}", namespace="shop"))
        await sees(viewer, "shop/a", "shop/b")
        await sees(owner)

    async def test_objects_by_their_name(self, prod: str, owner: Person, viewer: Person, cluster: Cluster) -> None:
        await choose(owner, "clusters")
        cluster.api.create(role("one", MAPS | {"resourceNames": ["a"]}))
        cluster.api.create(binding("one", "one", "basefly:view"))
        await sees(viewer, "shop/a", "bank/a")

    async def test_a_role_at_the_hub_over_one_namespace(
        self, hub: Hub, prod: str, owner: Person, cluster: Cluster
    ) -> None:
        """Groups that the hub gives in a namespace count in that namespace only."""
        await choose(owner, "clusters")
        cluster.api.create(role("maps", MAPS))
        cluster.api.create(binding("maps", "maps", "basefly:edit"))
        async with join(hub, "dee", "viewer", owner.by.org_id) as dee:
            await sees(dee)
            await grant(owner, dee, "developer", ["shop"])
            await sees(dee, "shop/a", "shop/b")

    async def test_a_cluster_whose_roles_may_not_be_read_shows_nothing_and_says_why(
        self, hub: Hub, prod: str, owner: Person, viewer: Person, cluster: Cluster
    ) -> None:
        await choose(owner, "clusters")
        cluster.api.create(role("maps", MAPS))
        cluster.api.create(binding("maps", "maps", "basefly:view"))
        await sees(viewer, *ALL)
        async with hub.house.db.transaction(owner.by.org_id) as tx:
            await tx.execute(
                "update sync_streams set state = 'denied', reason = 'roles is forbidden' where org_id = %s"
                " and resource = 'roles.rbac.authorization.k8s.io'",
                [tx.org_id],
            )
            await tx.notify(f"inventory/{prod}/roles.rbac.authorization.k8s.io")
        await sees(viewer)
        missing = (await viewer.http.get("/api/v1/objects/configmaps")).json()["missing"]
        assert [each["name"] for each in missing] == ["prod"]
        assert "may not be read: roles is forbidden" in missing[0]["reason"]
        (standing,) = (await owner.http.get("/api/v1/rights")).json()["clusters"]
        assert (standing["state"], standing["detail"]) == ("unread", "roles is forbidden")


class TestEverywhere:
    """One rule for all that is read: with only the config map shop/a in sight, nothing tells of any other object."""

    @pytest.fixture
    async def little(self, prod: str, owner: Person, viewer: Person, cluster: Cluster) -> str:
        await choose(owner, "clusters")
        cluster.api.create(role("one", MAPS | {"resourceNames": ["a"]}))
        cluster.api.create(binding("one", "one", "basefly:view", namespace="shop"))
        await sees(viewer, "shop/a")
        return prod

    async def test_counts_and_facets(self, little: str, viewer: Person) -> None:
        page = (await viewer.http.get("/api/v1/objects/configmaps")).json()
        assert (page["total"], page["total_exact"]) == (1, True)
        facets = (await viewer.http.get("/api/v1/objects/configmaps/facets")).json()
        assert (facets["namespace"], facets["cluster"], facets["health"]) == ({"shop": 1}, {"prod": 1}, {"ok": 1})
        kinds = (await viewer.http.get("/api/v1/resources")).json()["items"]
        assert {each["name"]: each["count"] for each in kinds if each["count"]} == {"configmaps": 1}
        clusters = (await viewer.http.get("/api/v1/clusters")).json()["items"]
        assert clusters[0]["counts"] == {"nodes": 0, "namespaces": 0, "pods": 0}

    async def test_search_and_suggestions(self, little: str, viewer: Person) -> None:
        found = (await viewer.http.get("/api/v1/search", params={"q": "namespace:shop,bank,default"})).json()["items"]
        assert [(each["kind"], each["name"]) for each in found] == [("ConfigMap", "a")]
        values = await viewer.http.get("/api/v1/objects/configmaps/suggestions", params={"q": "namespace:"})
        assert [each["text"] for each in values.json()["items"]] == ["shop"]

    async def test_objects(self, little: str, viewer: Person) -> None:
        def path(namespace: str, name: str, resource: str = "configmaps") -> str:
            return f"/api/v1/clusters/{little}/objects/{resource}/{name}?namespace={namespace}"

        assert (await viewer.http.get(path("shop", "a"))).status_code == 200
        for hidden in (path("shop", "b"), path("bank", "a"), path("shop", "absent"), path("", "shop", "namespaces")):
            assert (await viewer.http.get(hidden)).status_code == 404, hidden

    async def test_explanations(self, little: str, viewer: Person) -> None:
        asked = {"permission": "inventory:read", "cluster": little}
        told = (await viewer.http.get("/api/v1/access/explanation", params=asked)).json()
        assert told["allowed"] is True
        assert told["beyond"] == "Of that the cluster's own RBAC lets them see single objects by their names."
        page = (await viewer.http.get("/access/explanation", params=asked)).text
        assert "single objects by their names" in page

    async def test_export(self, little: str, viewer: Person) -> None:
        text = (await viewer.http.get("/objects/configmaps/export", params={"format": "json"})).text
        assert [each["name"] for each in json.loads(text)] == ["a"]

    async def test_pages_made_of_rollups(self, little: str, viewer: Person) -> None:
        for path in ("/api/v1/namespaces", "/api/v1/workloads", "/api/v1/images", "/api/v1/events/groups"):
            answer = await viewer.http.get(path)
            if answer.status_code == 200:
                assert answer.json()["items"] == [], path
        for path in (
            "/",
            "/workloads",
            "/images",
            "/namespaces",
            "/events",
            "/objects",
            f"/clusters/{little}",
            "/scope",
        ):
            answer = await viewer.http.get(path, follow_redirects=True)
            assert answer.status_code == 200, path
            assert "bank" not in answer.text, path

    async def test_another_organization_sees_nothing_either_way(self, little: str, stranger: Person) -> None:
        for choice in ("clusters", "hub"):
            await choose(stranger, choice)
            await sees(stranger)
            assert (await stranger.http.get(f"/api/v1/clusters/{little}")).status_code == 404

    async def test_live_updates(self, little: str, viewer: Person, cluster: Cluster) -> None:
        async with viewer.http.stream("GET", "/api/v1/changes", params={"topic": "inventory/*/*"}) as stream:
            lines = stream.aiter_lines()
            await anext(lines)
            cluster.api.create(SECRET)
            cluster.api.create(configmap("shop", "c"))
            async with asyncio.timeout(10):
                told = [line async for line in until(lines, "configmaps")]
        assert not any("secrets" in line for line in told), told

    async def test_a_stream_of_someone_with_other_rights_ends(
        self, little: str, viewer: Person, cluster: Cluster
    ) -> None:
        async with viewer.http.stream("GET", "/api/v1/changes", params={"topic": "inventory/*/configmaps"}) as stream:
            lines = stream.aiter_lines()
            await anext(lines)
            cluster.api.delete("rolebindings.rbac.authorization.k8s.io", "one", "shop")
            async with asyncio.timeout(10):
                told = [line async for line in lines]
        assert "event: reset" in told


SECRET = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s", "namespace": "shop"}}


async def until(lines: AsyncIterator[str], word: str) -> AsyncIterator[str]:
    """The lines up to the one that holds the word."""
    async for line in lines:
        yield line
        if word in line:
            return


async def grant(owner: Person, member: Person, role: str, namespaces: list[str]) -> None:
    subject = {"kind": "user", "id": str(member.by.user_id)}
    body = {"subject": subject, "role": role, "where": {"namespaces": namespaces}}
    answer = await owner.http.post("/api/v1/grants", json=body)
    assert answer.status_code == 201, answer.text
