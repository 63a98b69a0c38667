"""Verbs: what each asks of a cluster, done to one object and to many, refused and failing, on record."""

from __future__ import annotations

from typing import Any

import pytest

from basefly.base.errors import Invalid
from basefly.core.gateway.verbs.model import VERBS, Wish, asked
from basefly.sim import Cluster
from tests.core.clusters.conftest import Register
from tests.core.gateway.test_proxy import allow, latest
from tests.people import Person

DEPLOYMENT: dict[str, Any] = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": "web", "namespace": "default"},
    "spec": {
        "replicas": 1,
        "selector": {"matchLabels": {"app": "web"}},
        "template": {
            "metadata": {"labels": {"app": "web"}},
            "spec": {"containers": [{"name": "app", "image": "app:1"}]},
        },
    },
}


@pytest.fixture
async def prod(register: Register, cluster: Cluster, followed: Any) -> str:
    """A cluster that is followed, whose administrators the hub's are, with a deployment."""
    allow(cluster, "basefly:admin", "cluster-admin")
    cluster.api.create(DEPLOYMENT)
    made = await register(name="prod")
    await followed(made["id"])
    return str(made["id"])


def web(cluster: str = "prod") -> dict[str, str]:
    return {"cluster": cluster, "resource": "deploy", "namespace": "default", "name": "web"}


async def change(person: Person, verb: str, *objects: dict[str, str], **more: Any) -> list[dict[str, Any]]:
    answer = await person.http.post("/api/v1/object-changes", json={"verb": verb, "objects": list(objects), **more})
    assert answer.status_code == 200, answer.text
    results: list[dict[str, Any]] = answer.json()["results"]
    return results


class TestModel:
    def test_a_verb_fits_some_kinds(self) -> None:
        for verb, resource in (("scale", "daemonsets.apps"), ("cordon", "pods"), ("restart", "jobs.batch")):
            with pytest.raises(Invalid, match=resource):
                asked(Wish(verb=verb, replicas=1), resource)  # type: ignore[arg-type]  # names of verbs

    def test_needs_are_checked(self) -> None:
        for wish in (Wish(verb="scale"), Wish(verb="scale", replicas=-1), Wish(verb="delete", grace=-5)):
            with pytest.raises(Invalid):
                asked(wish, "deployments.apps")

    def test_every_verb_asks_something(self) -> None:
        for name, verb in VERBS.items():
            kind = (verb.kinds or ("pods",))[0]
            assert asked(Wish(verb=name, replicas=2), kind).method in ("PATCH", "DELETE")


class TestDoing:
    async def test_restart_scale_and_delete(self, owner: Person, prod: str, cluster: Cluster) -> None:
        assert [each["outcome"] for each in await change(owner, "restart", web())] == ["done"]
        template = cluster.api.get("deployments.apps", "web", "default")["spec"]["template"]
        assert "kubectl.kubernetes.io/restartedAt" in template["metadata"]["annotations"]
        await change(owner, "scale", web(), replicas=3)
        assert cluster.api.get("deployments.apps", "web", "default")["spec"]["replicas"] == 3
        await change(owner, "pause", web())
        assert cluster.api.get("deployments.apps", "web", "default")["spec"]["paused"] is True
        await change(owner, "delete", web())
        assert cluster.api.list("deployments.apps", "default") == []
        record = await latest(owner, "object.changed")
        assert record["object"] == f"clusters/{prod}/deployments.apps/default/web"

    async def test_each_object_has_its_own_result(self, owner: Person, prod: str) -> None:
        gone = {**web(), "name": "nowhere"}
        hidden = {**web(), "cluster": "no-such-cluster"}
        odd = {**web(), "name": "web/scale"}
        printed = {**web(), "resource": "deployment.apps"}  # as `basefly get -o name` prints it
        results = await change(owner, "restart", gone, web(), hidden, odd, printed)
        assert [each["outcome"] for each in results] == ["failed", "done", "refused", "failed", "done"]
        assert "not found" in results[0]["detail"]
        assert "no-such-cluster" in results[2]["detail"]

    async def test_without_a_name_nothing_is_meant(self, owner: Person, prod: str, cluster: Cluster) -> None:
        (result,) = await change(owner, "delete", {**web(), "name": ""})
        assert result["outcome"] == "refused"
        assert len(cluster.api.list("deployments.apps", "default")) == 1

    async def test_a_reader_is_refused(self, owner: Person, viewer: Person, prod: str, cluster: Cluster) -> None:
        body = {"verb": "delete", "objects": [web()]}
        assert (await viewer.http.post("/api/v1/object-changes", json=body)).status_code == 403
        assert len(cluster.api.list("deployments.apps", "default")) == 1

    async def test_a_stranger_cannot_tell_that_it_exists(self, owner: Person, stranger: Person, prod: str) -> None:
        there, nowhere = web(prod), web("00000000-0000-4000-8000-000000000000")
        results = await change(stranger, "delete", there, nowhere)
        told = [
            {**each, "object": None, "detail": each["detail"].replace(each["object"]["cluster"], "ID")}
            for each in results
        ]
        assert told[0] == told[1]
        assert told[0]["outcome"] == "refused"

    async def test_what_is_not_asked_right_is_told(self, owner: Person, prod: str) -> None:
        for body in (
            {"verb": "explode", "objects": [web()]},
            {"verb": "restart", "objects": []},
            {"verb": "restart", "objects": [web()] * 501},
            {"verb": "restart", "objects": [web()], "force": True},
        ):
            assert (await owner.http.post("/api/v1/object-changes", json=body)).status_code in (400, 422)


class TestPages:
    async def test_an_object_offers_what_fits_it(self, owner: Person, viewer: Person, prod: str) -> None:
        path = f"/clusters/{prod}/objects/deployments.apps/web?namespace=default"
        page = (await owner.http.get(path)).text
        assert "/object-changes?do=restart" in page
        assert "do=cordon" not in page
        assert "/object-changes?" not in (await viewer.http.get(path)).text

    async def test_ask_first_and_tell_how_it_went(self, owner: Person, prod: str, cluster: Cluster) -> None:
        object_ = f"{prod}/deployments.apps/default/web"
        page = (await owner.http.get("/object-changes", params={"do": "scale", "object": object_})).text
        token = page.partition('name="csrf" value="')[2].partition('"')[0]
        form = {"csrf": token, "do": "scale", "object": object_}
        wrong = await owner.http.post("/object-changes", data={**form, "replicas": "many"})
        assert wrong.status_code == 422
        assert "whole number" in wrong.text
        done = await owner.http.post("/object-changes", data={**form, "replicas": "2"})
        assert done.status_code == 200
        assert "Done" in done.text
        assert cluster.api.get("deployments.apps", "web", "default")["spec"]["replicas"] == 2
