"""Logs: of a pod and of a workload, followed, resumed, ended when the right does, and told why they cannot be read."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from basefly.base.kube.selectors import written
from basefly.core.logs import stream
from basefly.sim import Cluster
from tests.core.clusters.conftest import Register
from tests.core.gateway.test_proxy import allow
from tests.people import Person


@pytest.fixture
async def prod(register: Register, cluster: Cluster, followed: Any) -> str:
    """A cluster that lives and is followed, with a deployment of two pods in `shop`."""
    for group, role in (("basefly:admin", "cluster-admin"), ("basefly:view", "view")):
        allow(cluster, group, role)
    cluster.seed(nodes=2, pods=30, seed=4)
    made = await register(name="prod")
    await followed(made["id"])
    return str(made["id"])


def workload(cluster: Cluster) -> dict[str, Any]:
    """A deployment with more than one running pod."""
    for found in cluster.api.list("deployments.apps"):
        if found.get("status", {}).get("readyReplicas", 0) > 1:
            return found
    raise AssertionError("no deployment has two pods")


def path(cluster: str, resource: str, found: dict[str, Any], **query: str) -> str:
    asked = "&".join(f"{key}={value}" for key, value in query.items())
    meta = found["metadata"]
    return f"/api/v1/clusters/{cluster}/objects/{resource}/{meta['name']}/log?namespace={meta['namespace']}&{asked}"


def pod_of(cluster: Cluster) -> dict[str, Any]:
    return next(pod for pod in cluster.api.list("pods") if pod["status"].get("phase") == "Running")


class TestReading:
    async def test_of_a_pod_are_its_lines(self, viewer: Person, prod: str, cluster: Cluster) -> None:
        answer = await viewer.http.get(path(prod, "pods", pod_of(cluster), tail="5", timestamps="true"))
        assert answer.status_code == 200, answer.text
        assert answer.headers["content-type"].startswith("text/plain")
        lines = answer.text.splitlines()
        assert 1 <= len(lines) <= 5
        assert all(line[:4].isdigit() and "T" in line[:20] for line in lines)

    async def test_of_a_workload_name_the_pod(self, viewer: Person, prod: str, cluster: Cluster) -> None:
        found = workload(cluster)
        answer = await viewer.http.get(path(prod, "deployments.apps", found, tail="3"))
        names = {line.partition("]")[0] for line in answer.text.splitlines()}
        assert len(names) > 1
        assert all(name.startswith(f"[{found['metadata']['name']}") for name in names)

    async def test_go_on_after_a_moment(self, viewer: Person, prod: str, cluster: Cluster) -> None:
        pod = pod_of(cluster)
        whole = (await viewer.http.get(path(prod, "pods", pod, tail="6", timestamps="true"))).text.splitlines()
        since = whole[2].split(" ")[0]
        rest = (await viewer.http.get(path(prod, "pods", pod, since=since, timestamps="true"))).text.splitlines()
        assert rest[: len(whole) - 3] == whole[3:]

    async def test_page_shows_them(self, viewer: Person, prod: str, cluster: Cluster) -> None:
        meta = pod_of(cluster)["metadata"]
        page = await viewer.http.get(
            f"/clusters/{prod}/objects/pods/{meta['name']}/logs", params={"namespace": meta["namespace"]}
        )
        assert page.status_code == 200
        assert 'data-log="/api/v1/clusters/' in page.text
        object_ = await viewer.http.get(
            f"/clusters/{prod}/objects/pods/{meta['name']}", params={"namespace": meta["namespace"]}
        )
        assert f"/objects/pods/{meta['name']}/logs?" in object_.text


class TestSelecting:
    async def test_labels_choose_pods_in_every_cluster_in_the_order_of_time(
        self, viewer: Person, prod: str, cluster: Cluster
    ) -> None:
        found = workload(cluster)
        labels = ",".join(f"{key}={value}" for key, value in found["spec"]["selector"]["matchLabels"].items())
        asked = {"labels": labels, "namespace": found["metadata"]["namespace"], "tail": "20", "timestamps": "true"}
        answer = await viewer.http.get("/api/v1/logs", params=asked)
        assert answer.status_code == 200, answer.text
        lines = answer.text.splitlines()
        moments = [line.split(" ", 1)[0] for line in lines]
        assert moments == sorted(moments, key=lambda moment: moment.rstrip("Z"))
        assert len({line.split(" ")[1] for line in lines}) > 1
        page = await viewer.http.get("/logs", params=asked)
        assert 'data-log="/api/v1/logs?labels=' in page.text

    async def test_what_is_not_there(self, viewer: Person, stranger: Person, prod: str) -> None:
        assert (await viewer.http.get("/api/v1/logs", params={"labels": ""})).status_code == 422
        assert (await viewer.http.get("/api/v1/logs", params={"labels": "a b"})).status_code == 422
        nothing = await stranger.http.get("/api/v1/logs", params={"labels": "app"})
        assert (nothing.status_code, nothing.text) == (200, "")
        assert (await stranger.http.get("/api/v1/logs", params={"labels": "app", "cluster": prod})).status_code == 404
        assert "Whose logs?" in (await viewer.http.get("/logs")).text
        assert "No pod in scope" in (await viewer.http.get("/logs?labels=no=such")).text


class TestFollowing:
    async def test_ends_when_the_right_does(
        self, owner: Person, viewer: Person, prod: str, cluster: Cluster, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(stream, "LOOK", 0.2)
        async with viewer.http.stream("GET", path(prod, "pods", pod_of(cluster), follow="true", tail="1")) as answer:
            assert answer.status_code == 200
            assert (await owner.http.delete(f"/api/v1/members/{viewer.by.user_id}")).status_code == 204
            await asyncio.wait_for(answer.aread(), 5)


class TestRefusing:
    async def test_what_has_no_log(self, owner: Person, prod: str) -> None:
        answer = await owner.http.get(f"/api/v1/clusters/{prod}/objects/namespaces/default/log")
        assert answer.status_code == 422

    async def test_what_is_not_there(self, owner: Person, stranger: Person, prod: str, cluster: Cluster) -> None:
        pod = pod_of(cluster)
        assert (await stranger.http.get(path(prod, "pods", pod))).status_code == 404
        assert (await owner.http.get(path(prod, "pods", pod, container="nope"))).status_code == 404
        pod["metadata"]["name"] = "nobody"
        assert (await owner.http.get(path(prod, "pods", pod))).status_code == 404

    async def test_a_moment_that_is_none(self, owner: Person, prod: str, cluster: Cluster) -> None:
        assert (await owner.http.get(path(prod, "pods", pod_of(cluster), since="yesterday"))).status_code == 422


def test_selectors_stand_in_addresses() -> None:
    given = {
        "matchLabels": {"app": "web"},
        "matchExpressions": [
            {"key": "tier", "operator": "In", "values": ["a", "b"]},
            {"key": "x", "operator": "NotIn", "values": ["c"]},
            {"key": "y", "operator": "Exists"},
            {"key": "z", "operator": "DoesNotExist"},
        ],
    }
    assert written(given) == "app=web,tier in (a,b),x notin (c),y,!z"
    assert written({"app": "web"}) == "app=web"
