"""The Kubernetes API through the hub: as whom it arrives, what is let through, refused, and put on record."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import httpx
import pytest

from basefly.core.gateway import credentials
from basefly.core.gateway.proxy import callers, listener
from basefly.sim import Cluster, Fleet
from tests.core.clusters.conftest import Register
from tests.core.gateway.conftest import Client
from tests.people import Hub, Person

POD = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"name": "web"},
    "spec": {"containers": [{"name": "app", "image": "app:1"}]},
}


@pytest.fixture
async def api(register: Register) -> str:
    """Where the cluster's API is."""
    return f"/clusters/{(await register(name='prod'))['id']}"


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listener, "LOOK", 0.2)


def allow(cluster: Cluster, group: str, role: str) -> None:
    """Bind a group of the hub in the cluster, as the manifest does."""
    subject = {"apiGroup": "rbac.authorization.k8s.io", "kind": "Group", "name": group}
    cluster.api.create(
        {
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "ClusterRoleBinding",
            "metadata": {"name": f"{group}-{role}".replace(":", "-")},
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": role},
            "subjects": [subject],
        }
    )


class TestReading:
    async def test_passes_the_answer_on_untouched(self, client: Client, viewer: Person, api: str) -> None:
        answer = await (await client(viewer)).get(f"{api}/version")
        assert answer.status_code == 200
        assert answer.json()["gitVersion"].startswith("v1.")

    async def test_is_done_as_the_person_with_what_they_hold(
        self, client: Client, viewer: Person, api: str, cluster: Cluster
    ) -> None:
        answer = await (await client(viewer)).post(
            f"{api}/apis/authentication.k8s.io/v1/selfsubjectreviews",
            json={"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"},
        )
        assert answer.status_code == 201, answer.text
        user = answer.json()["status"]["userInfo"]
        assert user["username"] == f"basefly:{viewer.by.user_id}"
        assert set(user["groups"]) == {"basefly:view", f"basefly:org:{viewer.by.org_id}", "system:authenticated"}
        assert user["extra"]["basefly.io/email"] == ["vic@example.com"]

    async def test_the_cluster_has_the_last_word(self, client: Client, viewer: Person, api: str) -> None:
        answer = await (await client(viewer)).get(f"{api}/api/v1/pods")
        assert answer.status_code == 403
        assert f'User "basefly:{viewer.by.user_id}" cannot list resource "pods"' in answer.json()["message"]

    async def test_by_name_as_well(self, client: Client, owner: Person, api: str) -> None:
        answer = await (await client(owner)).get("/clusters/prod/version")
        assert answer.status_code == 200

    async def test_leaves_no_record(self, client: Client, owner: Person, api: str) -> None:
        await (await client(owner)).get(f"{api}/api/v1/pods")
        assert await acts(owner) == []


class TestChanging:
    async def test_works_and_leaves_a_trace(self, client: Client, owner: Person, api: str, cluster: Cluster) -> None:
        allow(cluster, "basefly:admin", "cluster-admin")
        http = await client(owner)
        made = await http.post(f"{api}/api/v1/namespaces/default/pods", json=POD)
        assert made.status_code == 201, made.text
        gone = await http.delete(f"{api}/api/v1/namespaces/default/pods/web")
        assert gone.status_code == 200
        assert await acts(owner) == [
            "object.created started",
            "object.created done",
            "object.deleted started",
            "object.deleted done",
        ]
        record = await latest(owner, "object.deleted")
        assert record["object"] == f"{api.strip('/')}/pods/default/web"
        assert record["detail"]["verb"] == "delete"
        assert record["detail"]["status"] == 200

    async def test_a_reader_is_refused_and_that_is_on_record(
        self, client: Client, viewer: Person, owner: Person, api: str
    ) -> None:
        answer = await (await client(viewer)).post(f"{api}/api/v1/namespaces/default/pods", json=POD)
        assert answer.status_code == 403
        status = answer.json()
        assert (status["kind"], status["reason"]) == ("Status", "Forbidden")
        assert "gateway:write" in status["message"]
        assert (await latest(owner, "request.refused"))["detail"]["permission"] == "gateway:write"

    async def test_what_the_cluster_refuses_is_on_record_as_failed(
        self, client: Client, owner: Person, api: str
    ) -> None:
        answer = await (await client(owner)).post(f"{api}/api/v1/namespaces/default/pods", json=POD)
        assert answer.status_code == 403
        assert await acts(owner) == ["object.created started", "object.created failed"]

    async def test_reading_secrets_is_an_act_of_its_own(
        self, client: Client, viewer: Person, owner: Person, api: str, cluster: Cluster
    ) -> None:
        allow(cluster, "basefly:admin", "cluster-admin")
        refused = await (await client(viewer)).get(f"{api}/api/v1/secrets")
        assert refused.status_code == 403
        assert "gateway:secrets" in refused.json()["message"]
        assert (await (await client(owner)).get(f"{api}/api/v1/secrets")).status_code == 200
        assert (await latest(owner, "object.read"))["detail"]["path"] == "/api/v1/secrets"


class TestRefusing:
    async def test_a_stranger_cannot_tell_that_a_cluster_exists(
        self, client: Client, stranger: Person, api: str
    ) -> None:
        http = await client(stranger)
        there = await http.get(f"{api}/api/v1/pods")
        nowhere = await http.get("/clusters/00000000-0000-4000-8000-000000000000/api/v1/pods")
        assert there.status_code == 404
        assert there.content == nowhere.content

    async def test_nobody_is_let_in_without_a_token(self, client: Client, owner: Person, api: str) -> None:
        http = await client(owner)
        for given in ("", "Basic bWlhOng=", "Bearer basefly_nonsense", "Bearer basefly_kube_AAAA"):
            answer = await http.get(f"{api}/version", headers={"Authorization": given})
            assert (answer.status_code, answer.json()["reason"]) == (401, "Unauthorized"), given

    async def test_a_token_for_other_things_opens_nothing(self, client: Client, owner: Person, api: str) -> None:
        http = await client(owner, permissions=["clusters:read"])
        assert (await http.get(f"{api}/version")).status_code == 404

    async def test_nobody_acts_as_someone_else(self, client: Client, owner: Person, api: str) -> None:
        answer = await (await client(owner)).get(f"{api}/api/v1/pods", headers={"Impersonate-User": "system:admin"})
        assert answer.status_code == 403
        assert "--as" in answer.json()["message"]

    async def test_what_is_no_kubernetes_path_is_not_passed_on(self, client: Client, owner: Person, api: str) -> None:
        http = await client(owner)
        for path in ("/metrics", "/api/v1/namespaces/a%2Fb/pods", "/api/v1/watch/pods"):
            answer = await http.get(f"{api}{path}")
            assert (answer.status_code, answer.json()["kind"]) == (403, "Status"), path
        assert (await http.get("/")).status_code == 404

    async def test_a_body_without_end_is_cut(
        self, client: Client, owner: Person, api: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("basefly.core.gateway.proxy.exchange.MOST_BODY", 1000)
        try:
            answer = await (await client(owner)).post(f"{api}/api/v1/namespaces/default/pods", content=b"x" * 100_000)
        except httpx.TransportError:
            return  # it was still writing when the connection closed
        assert answer.status_code == 413

    async def test_a_cluster_that_is_away_is_told_as_such(
        self, client: Client, owner: Person, api: str, cluster: Cluster
    ) -> None:
        await cluster.stop()
        answer = await (await client(owner)).get(f"{api}/version")
        assert (answer.status_code, answer.json()["reason"]) == (503, "ServiceUnavailable")
        assert "refused" in answer.json()["message"]


class TestShortLivedCredentials:
    async def test_open_clusters_and_nothing_else(self, hub: Hub, client: Client, owner: Person, api: str) -> None:
        http = await client(owner)
        made = (await owner.http.post("/api/v1/gateway/credentials", json={})).json()
        given = {"Authorization": f"Bearer {made['token']}"}
        assert (await http.get(f"{api}/version", headers=given)).status_code == 200
        async with hub.browser() as plain:
            assert (await plain.get("/api/v1/me", headers=given)).status_code == 401

    async def test_for_one_cluster_open_no_other_and_need_not_name_it(
        self, client: Client, owner: Person, api: str, fleet: Fleet
    ) -> None:
        http = await client(owner)
        body = {"kubeconfig": fleet.clusters[1].kubeconfig(), "name": "other"}
        other = (await owner.http.post("/api/v1/clusters", json=body)).json()["id"]
        made = await owner.http.post("/api/v1/gateway/credentials", json={"cluster": "prod"})
        given = {"Authorization": f"Bearer {made.json()['token']}"}
        assert (await http.get(f"{api}/version", headers=given)).status_code == 200
        assert (await http.get("/version", headers=given)).status_code == 200
        assert (await http.get(f"/clusters/{other}/version", headers=given)).status_code == 404
        assert (await http.get(f"/clusters/{other}/version")).status_code == 200

    async def test_for_a_cluster_that_is_not_there(self, owner: Person, stranger: Person, api: str) -> None:
        for person, cluster in ((owner, "nowhere"), (stranger, api.rpartition("/")[2])):
            made = await person.http.post("/api/v1/gateway/credentials", json={"cluster": cluster})
            assert made.status_code == 404

    async def test_end_with_what_they_came_from(self, client: Client, owner: Person, api: str) -> None:
        http = await client(owner)
        made = (await owner.http.post("/api/v1/gateway/credentials", json={})).json()
        given = {"Authorization": f"Bearer {made['token']}"}
        assert (await owner.http.delete("/api/v1/sessions/current")).status_code == 204
        assert (await http.get(f"{api}/version", headers=given)).status_code == 401

    async def test_what_was_begun_with_one_goes_on_after_its_end(
        self, client: Client, owner: Person, api: str, cluster: Cluster, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        allow(cluster, "basefly:admin", "cluster-admin")
        http = await client(owner)
        monkeypatch.setattr(credentials, "LIFETIME", timedelta(seconds=1))
        made = (await owner.http.post("/api/v1/gateway/credentials", json={})).json()
        given = {"Authorization": f"Bearer {made['token']}"}
        path = f"{api}/api/v1/namespaces?watch=true"
        async with http.stream("GET", path, headers=given) as answer:
            assert answer.status_code == 200
            await asyncio.sleep(1.2 + callers.KEPT)
            assert (await http.get(f"{api}/version", headers=given)).status_code == 401
            events = answer.aiter_lines()
            assert '"ADDED"' in await asyncio.wait_for(anext(events), 5)
            assert (await owner.http.delete("/api/v1/sessions/current")).status_code == 204
            with pytest.raises(httpx.RemoteProtocolError):
                await asyncio.wait_for(_to_the_end(events), 5)

    async def test_a_changed_one_is_none(self, client: Client, owner: Person, api: str) -> None:
        http = await client(owner)
        token = (await owner.http.post("/api/v1/gateway/credentials", json={})).json()["token"]
        for changed in (token[:-8] + "AAAAAAAA", token[:40], token.replace("kube_", "kube_AAAA")):
            answer = await http.get(f"{api}/version", headers={"Authorization": f"Bearer {changed}"})
            assert answer.status_code == 401


class TestWatching:
    async def test_events_come_as_they_happen(self, client: Client, owner: Person, api: str, cluster: Cluster) -> None:
        allow(cluster, "basefly:admin", "cluster-admin")
        http = await client(owner)
        async with http.stream("GET", f"{api}/api/v1/namespaces/default/pods?watch=true") as answer:
            lines = answer.aiter_lines()
            await http.post(f"{api}/api/v1/namespaces/default/pods", json=POD)
            assert '"ADDED"' in await asyncio.wait_for(anext(lines), 5)

    async def test_end_when_the_right_is_taken_away(
        self, client: Client, owner: Person, viewer: Person, api: str, cluster: Cluster
    ) -> None:
        allow(cluster, "basefly:view", "view")
        http = await client(viewer)
        async with http.stream("GET", f"{api}/api/v1/namespaces/default/pods?watch=true") as answer:
            assert answer.status_code == 200
            removed = await owner.http.delete(f"/api/v1/members/{viewer.by.user_id}")
            assert removed.status_code == 204
            with pytest.raises(httpx.RemoteProtocolError):
                await asyncio.wait_for(answer.aread(), 5)


async def _to_the_end(lines: AsyncIterator[str]) -> None:
    async for _ in lines:
        pass


async def acts(person: Person) -> list[str]:
    """What is on record of clusters' objects, oldest first."""
    items = (await person.http.get("/api/v1/audit", params={"limit": 500})).json()["items"]
    return [
        f"{each['act']} {each['outcome']}" for each in reversed(items) if each["act"].startswith(("object.", "pod."))
    ]


async def latest(person: Person, act: str) -> dict[str, Any]:
    items = (await person.http.get("/api/v1/audit", params={"act": act, "limit": 1})).json()["items"]
    record: dict[str, Any] = items[0]
    return record
