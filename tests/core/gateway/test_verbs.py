"""Verbs: what each asks of a cluster, done to one object and to many, refused and failing, on record."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

import pytest

from basefly.base.errors import Invalid
from basefly.core.gateway.verbs import keys
from basefly.core.gateway.verbs.model import VERBS, Wish, check
from basefly.core.gateway.verbs.perform import PLANS
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


CRON_JOB: dict[str, Any] = {
    "apiVersion": "batch/v1",
    "kind": "CronJob",
    "metadata": {"name": "nightly", "namespace": "default"},
    "spec": {
        "schedule": "0 3 * * *",
        "jobTemplate": {
            "metadata": {"annotations": {"from": "template"}},
            "spec": {
                "template": {
                    "spec": {"restartPolicy": "Never", "containers": [{"name": "app", "image": "app:1"}]},
                },
            },
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


def csrf(page: str) -> str:
    return page.partition('name="csrf" value="')[2].partition('"')[0]


async def change(person: Person, verb: str, *objects: dict[str, str], **more: Any) -> list[dict[str, Any]]:
    answer = await person.http.post("/api/v1/object-changes", json={"verb": verb, "objects": list(objects), **more})
    assert answer.status_code == 200, answer.text
    results: list[dict[str, Any]] = answer.json()["results"]
    return results


class TestModel:
    def test_a_verb_fits_some_kinds(self) -> None:
        for verb, resource in (("scale", "daemonsets.apps"), ("cordon", "pods"), ("restart", "jobs.batch")):
            with pytest.raises(Invalid, match=resource):
                check(Wish(verb=verb, replicas=1), resource)  # type: ignore[arg-type]  # names of verbs

    def test_needs_are_checked(self) -> None:
        for wish in (Wish(verb="scale"), Wish(verb="scale", replicas=-1), Wish(verb="delete", grace=-5)):
            with pytest.raises(Invalid):
                check(wish, "deployments.apps")

    def test_every_verb_asks_something(self) -> None:
        for name, verb in VERBS.items():
            wish = Wish(verb=name, replicas=2, changes={"a": "b"})
            assert name in PLANS or (verb.ask and verb.ask(wish).method in ("PATCH", "DELETE"))

    def test_labels_are_read_as_kubectl_reads_them(self) -> None:
        assert keys.parse(["env=prod", "tier-", "note=a=b", "empty="]) == {
            "env": "prod", "tier": None, "note": "a=b", "empty": "",
        }  # fmt: skip
        with pytest.raises(Invalid, match="neither"):
            keys.parse(["nonsense"])

    @pytest.mark.parametrize(
        ("section", "changes"),
        [
            ("labels", {}),
            ("labels", {"": "x"}),
            ("labels", {"-a": "x"}),
            ("labels", {"a/b/c": "x"}),
            ("labels", {"UPPER.example/a": "x"}),
            ("labels", {"a": "not a value"}),
            ("labels", {"a" * 64: "x"}),
            ("annotations", {"a b": "x"}),
            ("annotations", {"a": "x" * 300_000}),
        ],
    )
    def test_what_no_cluster_takes_is_refused(self, section: keys.Section, changes: dict[str, str | None]) -> None:
        with pytest.raises(Invalid):
            keys.checked(section, changes)

    def test_annotations_may_hold_anything(self) -> None:
        changes = {"example.com/note": "any text, of\nany kind: {}", "gone": None}
        assert keys.checked("annotations", changes) == changes


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


class TestLabels:
    async def test_are_set_and_removed(self, owner: Person, prod: str, cluster: Cluster) -> None:
        await change(owner, "label", web(), changes={"env": "prod", "team": "a"})
        await change(owner, "label", web(), changes={"env": "test", "team": None})
        await change(owner, "annotate", web(), changes={"example.com/why": "because it is so"})
        meta = cluster.api.get("deployments.apps", "web", "default")["metadata"]
        assert meta["labels"] == {"env": "test"}
        assert meta["annotations"]["example.com/why"] == "because it is so"
        assert (await latest(owner, "object.changed"))["outcome"] == "done"

    async def test_a_key_that_none_is_told_for_each(self, owner: Person, prod: str) -> None:
        (result,) = await change(owner, "label", web(), changes={"no key": "x"})
        assert result["outcome"] == "failed"
        assert "'no key' is no key of labels" in result["detail"]

    async def test_a_reader_is_refused(self, viewer: Person, prod: str) -> None:
        body = {"verb": "label", "objects": [web()], "changes": {"env": "prod"}}
        assert (await viewer.http.post("/api/v1/object-changes", json=body)).status_code == 403

    async def test_a_stranger_cannot_tell_that_it_exists(self, stranger: Person, prod: str) -> None:
        (result,) = await change(stranger, "label", web(prod), changes={"env": "prod"})
        assert result["outcome"] == "refused"

    async def test_in_the_page_one_a_line(self, owner: Person, prod: str, cluster: Cluster) -> None:
        asked = {"do": "label", "object": f"{prod}/deployments.apps/default/web"}
        token = csrf((await owner.http.get("/object-changes", params=asked)).text)
        wrong = await owner.http.post("/object-changes", data={**asked, "csrf": token, "changes": "nonsense"})
        assert wrong.status_code == 422
        assert "nonsense</textarea>" in wrong.text
        done = await owner.http.post("/object-changes", data={**asked, "csrf": token, "changes": "a=b\nc=d\n"})
        assert "Done" in done.text
        assert cluster.api.get("deployments.apps", "web", "default")["metadata"]["labels"] == {"a": "b", "c": "d"}


class TestTrigger:
    async def test_makes_a_job_that_belongs_to_it(self, owner: Person, prod: str, cluster: Cluster) -> None:
        made = cluster.api.create(CRON_JOB)
        target = {"cluster": "prod", "resource": "cronjob", "namespace": "default", "name": "nightly"}
        (result,) = await change(owner, "trigger", target)
        assert result["outcome"] == "done", result
        job = cluster.api.get("jobs.batch", result["made"], "default")
        assert job["metadata"]["annotations"] == {"cronjob.kubernetes.io/instantiate": "manual", "from": "template"}
        (owned_by,) = job["metadata"]["ownerReferences"]
        assert (owned_by["kind"], owned_by["uid"], owned_by["controller"]) == ("CronJob", made["metadata"]["uid"], True)
        record = await latest(owner, "object.created")
        assert record["object"] == f"clusters/{prod}/jobs.batch/default"

    async def test_a_reader_is_refused(self, viewer: Person, prod: str) -> None:
        body = {"verb": "trigger", "objects": [{**web(), "resource": "cronjob"}]}
        assert (await viewer.http.post("/api/v1/object-changes", json=body)).status_code == 403

    async def test_a_stranger_cannot_tell_that_it_exists(self, stranger: Person, prod: str) -> None:
        (result,) = await change(stranger, "trigger", {**web(prod), "resource": "cronjob"})
        assert result["outcome"] == "refused"

    async def test_what_is_not_there_fails(self, owner: Person, prod: str) -> None:
        (result,) = await change(owner, "trigger", {**web(), "resource": "cronjob"})
        assert result["outcome"] == "failed"
        assert "not found" in result["detail"]


class TestBulk:
    async def test_what_is_ticked_in_a_list_is_asked_about_once_more(self, owner: Person, prod: str) -> None:
        page = (await owner.http.get("/workloads/deployments.apps")).text
        assert 'action="/object-changes"' in page
        (uid,) = re.findall(r'data-select value="([^"]+)"', page)
        asked = {"do": "delete", "resource": "deployments.apps", "selected": uid}
        shown = (await owner.http.get("/object-changes", params=asked)).text
        assert f'value="{prod}/deployments.apps/default/web"' in unescape(shown)

    async def test_whoever_may_only_look_is_offered_nothing(self, viewer: Person, prod: str) -> None:
        assert "/object-changes" not in (await viewer.http.get("/workloads/deployments.apps")).text

    async def test_what_a_stranger_ticks_is_not_there(self, owner: Person, stranger: Person, prod: str) -> None:
        (uid,) = re.findall(r'data-select value="([^"]+)"', (await owner.http.get("/workloads/deployments.apps")).text)
        asked = {"do": "delete", "resource": "deployments.apps", "selected": uid}
        assert "web" not in (await stranger.http.get("/object-changes", params=asked)).text.partition("<main")[2]


class TestPages:
    async def test_an_object_offers_what_fits_it(self, owner: Person, viewer: Person, prod: str) -> None:
        path = f"/clusters/{prod}/objects/deployments.apps/web?namespace=default"
        page = (await owner.http.get(path)).text
        assert "/object-changes?do=restart" in page
        assert "do=cordon" not in page
        assert "/object-changes?" not in (await viewer.http.get(path)).text
        by_name = path.replace(prod, "prod")
        assert "/object-changes?do=restart" in (await owner.http.get(by_name)).text
        assert "/object-changes?" not in (await viewer.http.get(by_name)).text

    async def test_ask_first_and_tell_how_it_went(self, owner: Person, prod: str, cluster: Cluster) -> None:
        object_ = f"{prod}/deployments.apps/default/web"
        page = (await owner.http.get("/object-changes", params={"do": "scale", "object": object_})).text
        token = csrf(page)
        form = {"csrf": token, "do": "scale", "object": object_}
        wrong = await owner.http.post("/object-changes", data={**form, "replicas": "many"})
        assert wrong.status_code == 422
        assert "whole number" in wrong.text
        done = await owner.http.post("/object-changes", data={**form, "replicas": "2"})
        assert done.status_code == 200
        assert "Done" in done.text
        assert cluster.api.get("deployments.apps", "web", "default")["spec"]["replicas"] == 2
