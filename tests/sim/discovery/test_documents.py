"""Discovery in both forms, version, health and schemas."""

from __future__ import annotations

from basefly.sim import Cluster
from tests.sim.asking import asking

AGGREGATED = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"


async def test_both_forms_tell_the_same_kinds(cluster: Cluster) -> None:
    async with asking(cluster) as asker:
        aggregated, plain = set(), set()
        for root in ("/api", "/apis"):
            told = await asker.get(root, Accept=AGGREGATED)
            for group in told["items"]:
                for version in group["versions"]:
                    where = (group["metadata"].get("name", ""), version["version"])
                    aggregated |= {(*where, resource["resource"]) for resource in version["resources"]}
        groups = [("", "v1")]
        for group in (await asker.get("/apis"))["groups"]:
            groups += [(group["name"], version["version"]) for version in group["versions"]]
        for group, version in groups:
            listed = await asker.get(f"/apis/{group}/{version}" if group else "/api/v1")
            plain |= {(group, version, held["name"]) for held in listed["resources"] if "/" not in held["name"]}
    assert aggregated == plain
    assert ("apps", "v1", "deployments") in plain


async def test_version_and_health(cluster: Cluster) -> None:
    async with asking(cluster) as asker:
        assert (await asker.get("/version"))["gitVersion"] == "v1.36.2"
        assert [await asker.get(path) for path in ("/readyz", "/livez")] == ["ok", "ok"]
        assert (await asker.get("/readyz?verbose")).endswith("[+]shutdown ok\nreadyz check passed\n")
        assert await asker.ask("/apis/nothing/v1") == (404, "404 page not found\n")


async def test_every_document_of_the_index_can_be_read(cluster: Cluster) -> None:
    async with asking(cluster) as asker:
        index = await asker.get("/openapi/v3")
        documents = [await asker.get(entry["serverRelativeURL"]) for entry in index["paths"].values()]
    named = [
        held["kind"]
        for document in documents
        for schema in document["components"]["schemas"].values()
        for held in schema.get("x-kubernetes-group-version-kind", ())
    ]
    assert {"Pod", "Deployment", "ClusterRole"} <= set(named)
