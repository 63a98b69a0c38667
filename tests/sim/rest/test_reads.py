"""Lists: pages over one snapshot, expiry, versions, selectors, and the forms of an answer."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest

from basefly.sim import Cluster
from tests.sim.asking import asking

MAPS = "/api/v1/namespaces/default/configmaps"
AS = "application/json;as={};v=v1;g=meta.k8s.io"


@pytest.fixture
def filled(cluster: Cluster) -> Cluster:
    for number in range(5):
        labels = {"parity": "even" if number % 2 == 0 else "odd", "number": str(number)}
        meta = {"name": f"m{number}", "namespace": "default", "labels": labels}
        cluster.api.create({"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta})
    cluster.api.delete("configmaps", "kube-root-ca.crt")
    return cluster


def names(listed: dict[str, Any]) -> list[str]:
    return [item["metadata"]["name"] for item in listed["items"]]


async def test_pages_show_the_snapshot_of_the_first(filled: Cluster) -> None:
    async with asking(filled) as asker:
        first = await asker.get(f"{MAPS}?limit=2")
        filled.api.delete("configmaps", "m3")
        filled.api.create({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "m2a"}})
        second = await asker.get(f"{MAPS}?limit=2&continue={first['metadata']['continue']}")
        third = await asker.get(f"{MAPS}?limit=2&continue={second['metadata']['continue']}")
    assert [names(page) for page in (first, second, third)] == [["m0", "m1"], ["m2", "m3"], ["m4"]]
    assert first["metadata"]["remainingItemCount"] == 3
    assert {page["metadata"]["resourceVersion"] for page in (first, second, third)} == {
        first["metadata"]["resourceVersion"]
    }
    assert "continue" not in third["metadata"]


async def test_a_continue_token_expires_and_offers_to_go_on(filled: Cluster) -> None:
    async with asking(filled) as asker:
        first = await asker.get(f"{MAPS}?limit=2")
        filled.api.delete("configmaps", "m3")
        filled.compact()
        status, answer = await asker.ask(f"{MAPS}?limit=9&continue={first['metadata']['continue']}")
        assert (status, answer["reason"]) == (410, "Expired")
        rest = await asker.get(f"{MAPS}?limit=9&continue={answer['metadata']['continue']}")
    assert names(rest) == ["m2", "m4"]


async def test_versions_exact_not_older_and_too_large(filled: Cluster) -> None:
    before = filled.store.version
    filled.api.delete("configmaps", "m0")
    async with asking(filled) as asker:
        exact = await asker.get(f"{MAPS}?resourceVersion={before}&resourceVersionMatch=Exact")
        fresh = await asker.get(f"{MAPS}?resourceVersion={before}&resourceVersionMatch=NotOlderThan")
        status, answer = await asker.ask(f"{MAPS}?resourceVersion={before + 99}")
    assert names(exact) == ["m0", "m1", "m2", "m3", "m4"]
    assert exact["metadata"]["resourceVersion"] == str(before)
    assert names(fresh) == ["m1", "m2", "m3", "m4"]
    assert (status, answer["details"]["causes"][0]["reason"]) == (504, "ResourceVersionTooLarge")
    filled.compact()
    async with asking(filled) as asker:
        status, answer = await asker.ask(f"{MAPS}?resourceVersion={before}&resourceVersionMatch=Exact")
    assert (status, answer["reason"]) == (410, "Expired")


@pytest.mark.parametrize(
    ("selector", "found"),
    [
        ("parity=even", ["m0", "m2", "m4"]),
        ("parity!=even", ["m1", "m3"]),
        ("number in (1, 3),parity", ["m1", "m3"]),
        ("number notin (1,3)", ["m0", "m2", "m4"]),
        ("!parity", []),
        ("number>2", ["m3", "m4"]),
    ],
)
async def test_label_selectors(filled: Cluster, selector: str, found: list[str]) -> None:
    async with asking(filled) as asker:
        assert names(await asker.get(f"{MAPS}?labelSelector={quote(selector)}")) == found


async def test_field_selectors_and_their_refusal(filled: Cluster) -> None:
    async with asking(filled) as asker:
        assert names(await asker.get(f"{MAPS}?fieldSelector=metadata.name%3Dm3")) == ["m3"]
        assert names(await asker.get("/api/v1/configmaps?fieldSelector=metadata.namespace!%3Ddefault")) != []
        status, answer = await asker.ask(f"{MAPS}?fieldSelector=data.k%3Dv")
    assert (status, answer["message"]) == (400, "field label not supported: data.k")


async def test_tables_and_metadata_alone(filled: Cluster) -> None:
    async with asking(filled) as asker:
        table = await asker.get(MAPS, Accept=AS.format("Table"))
        partial = await asker.get(MAPS, Accept=AS.format("PartialObjectMetadataList"))
        status, answer = await asker.ask(MAPS, headers={"Accept": "application/xml"})
    assert [column["name"] for column in table["columnDefinitions"]] == ["Name", "Data", "Age"]
    assert table["rows"][0]["cells"][:2] == ["m0", 0]
    assert table["rows"][0]["object"]["kind"] == "PartialObjectMetadata"
    assert set(partial["items"][0]) == {"kind", "apiVersion", "metadata"}
    assert (status, answer["reason"]) == (406, "NotAcceptable")


async def test_large_answers_are_compressed_for_whoever_takes_them(cluster: Cluster) -> None:
    cluster.seed(nodes=3, pods=60)
    async with asking(cluster) as asker:
        whole = await asker.get("/api/v1/pods", **{"Accept-Encoding": "gzip"})
        plain = await asker.get("/api/v1/pods", **{"Accept-Encoding": "identity"})
    assert whole["items"] == plain["items"]
    assert len(whole["items"]) == 60
