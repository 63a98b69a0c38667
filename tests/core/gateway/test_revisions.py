"""Revisions: what a workload was, how that differs, and the way back, refused and failing, on record."""

from __future__ import annotations

from typing import Any

import pytest

from basefly.core.history.versions.difference import difference, written
from basefly.sim import Cluster
from tests.core.clusters.conftest import Register
from tests.core.gateway.test_proxy import allow, latest
from tests.core.gateway.test_verbs import change, csrf
from tests.people import Person


@pytest.fixture
async def prod(register: Register, cluster: Cluster, followed: Any) -> str:
    """A cluster that is followed, with deployments that have been something else before."""
    for group, role in (("basefly:admin", "cluster-admin"), ("basefly:view", "view")):
        allow(cluster, group, role)
    cluster.seed(nodes=2, pods=30, seed=4)
    made = await register(name="prod")
    await followed(made["id"])
    return str(made["id"])


@pytest.fixture
def web(prod: str, cluster: Cluster) -> dict[str, str]:
    """A deployment whose replica sets differ."""
    found = cluster.api.list("deployments.apps")[0]["metadata"]
    for held in cluster.api.list("replicasets.apps", found["namespace"]):
        meta = held["metadata"]
        owned = meta["ownerReferences"][0]["uid"] == found["uid"]
        if owned and meta["annotations"]["deployment.kubernetes.io/revision"] == "1":
            held["spec"]["template"]["spec"]["containers"][0]["image"] = "registry.example/before:1"
            cluster.api.replace(held)
    return {"cluster": "prod", "resource": "deploy", "namespace": found["namespace"], "name": found["name"]}


def path(web: dict[str, str]) -> str:
    return f"clusters/{web['cluster']}/objects/{web['resource']}/{web['name']}/revisions?namespace={web['namespace']}"


def image(cluster: Cluster, web: dict[str, str]) -> str:
    found = cluster.api.get("deployments.apps", web["name"], web["namespace"])
    return str(found["spec"]["template"]["spec"]["containers"][0]["image"])


def test_a_difference_is_told_as_diff_tells_it() -> None:
    old, new = "".join(f"{n}\n" for n in range(20)), "".join(f"{n if n != 10 else 'x'}\n" for n in range(20))
    assert written(difference(old, new)) == "@@ -8,7 +8,7 @@\n 7\n 8\n 9\n-10\n+x\n 11\n 12\n 13\n"
    assert difference(old, old) == []


class TestListing:
    async def test_the_present_and_what_was_before(self, viewer: Person, web: dict[str, str]) -> None:
        answer = await viewer.http.get(f"/api/v1/{path(web)}")
        assert answer.status_code == 200, answer.text
        present, before = answer.json()["items"]
        assert (present["number"], present["present"], present["difference"]) == (2, True, "")
        assert (before["number"], before["present"]) == (1, False)
        assert "image: registry.example/before:1" in before["difference"]

    async def test_in_a_page(self, owner: Person, viewer: Person, web: dict[str, str]) -> None:
        page = (await owner.http.get(f"/{path(web)}")).text
        assert "before:1" in page
        assert "do=rollback" in page
        assert "do=rollback" not in (await viewer.http.get(f"/{path(web)}")).text

    async def test_what_has_none_says_so(self, owner: Person, web: dict[str, str]) -> None:
        answer = await owner.http.get(f"/api/v1/{path({**web, 'resource': 'pods'})}")
        assert answer.status_code == 422
        assert "has no revisions" in answer.text

    async def test_a_stranger_cannot_tell_that_it_exists(self, stranger: Person, web: dict[str, str]) -> None:
        assert (await stranger.http.get(f"/api/v1/{path(web)}")).status_code == 404


class TestRollingBack:
    async def test_leads_to_what_it_was_and_leaves_a_record(
        self, owner: Person, prod: str, cluster: Cluster, web: dict[str, str]
    ) -> None:
        (result,) = await change(owner, "rollback", web)
        assert result["outcome"] == "done", result
        assert image(cluster, web) == "registry.example/before:1"
        template = cluster.api.get("deployments.apps", web["name"], web["namespace"])["spec"]["template"]
        assert "pod-template-hash" not in template["metadata"]["labels"]
        record = await latest(owner, "object.changed")
        assert record["object"] == f"clusters/{prod}/deployments.apps/{web['namespace']}/{web['name']}"

    async def test_a_reader_is_refused(self, viewer: Person, web: dict[str, str]) -> None:
        answer = await viewer.http.post("/api/v1/object-changes", json={"verb": "rollback", "objects": [web]})
        assert answer.status_code == 403

    async def test_a_stranger_cannot_tell_that_it_exists(self, stranger: Person, web: dict[str, str]) -> None:
        (result,) = await change(stranger, "rollback", web)
        assert result["outcome"] == "refused"

    @pytest.mark.parametrize(("revision", "told"), [(7, "no revision 7"), (2, "already")])
    async def test_where_there_is_no_way(self, owner: Person, web: dict[str, str], revision: int, told: str) -> None:
        (result,) = await change(owner, "rollback", web, revision=revision)
        assert result["outcome"] in ("failed", "refused")
        assert told in result["detail"]

    async def test_a_paused_deployment_is_resumed_first(self, owner: Person, web: dict[str, str]) -> None:
        await change(owner, "pause", web)
        (result,) = await change(owner, "rollback", web)
        assert "paused" in result["detail"]

    async def test_the_page_shows_the_difference_first(self, owner: Person, prod: str, web: dict[str, str]) -> None:
        object_ = f"{prod}/deployments.apps/{web['namespace']}/{web['name']}"
        asked = {"do": "rollback", "object": object_, "revision": "1"}
        page = (await owner.http.get("/object-changes", params=asked)).text
        assert "before:1" in page
        done = await owner.http.post("/object-changes", data={**asked, "csrf": csrf(page)})
        assert "Done" in done.text
