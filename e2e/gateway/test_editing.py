"""Editing, applying and rolling back on a real API server: what it says is what the hub said it would."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from e2e.browser.fleet import let_in
from e2e.control_plane import ControlPlane
from e2e.hub import Hub
from e2e.plane.cluster import KubectlError
from e2e.plane.program import eventually

pytestmark = [pytest.mark.upsets, pytest.mark.usefixtures("plane")]
WEB = "/clusters/editing/objects/deployments.apps/web"
IN = {"namespace": "default"}


def deployment(**spec: Any) -> dict[str, Any]:
    container = {"name": "app", "image": "registry.example/app:1", "ports": [{"containerPort": 80}]}
    template = {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [container]}}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web", "namespace": "default", "labels": {"keep": "yes", "drop": "yes"}},
        "spec": {"replicas": 1, "selector": {"matchLabels": {"app": "web"}}, "template": template, **spec},
    }


@pytest.fixture(scope="module")
def plane(folder: Path, hub: Hub) -> Iterator[ControlPlane]:
    """A cluster that lets the hub's people in, with a deployment whose replicas and image flux applies."""
    with ControlPlane.start(folder / "editing", name="editing") as plane:
        let_in(hub, plane)
        plane.kubectl("create", "-f", "-", stdin=json.dumps(deployment()))
        containers = [{"name": "app", "image": "registry.example/app:1"}]
        theirs = {"replicas": 1, "template": {"spec": {"containers": containers}}}
        config = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}, "spec": theirs}
        words = ("apply", "--server-side", "--field-manager=flux", "--force-conflicts", "-f", "-")
        plane.kubectl(*words, stdin=json.dumps(config))
        hub.register(plane, name="editing")
        eventually(partial(_listed, hub), seconds=30)
        yield plane


def _listed(hub: Hub) -> bool:
    return bool(hub.get("/objects/deployments.apps", cluster="editing")["items"])


def live(plane: ControlPlane, kind: str = "deployment", name: str = "web") -> dict[str, Any]:
    whole: dict[str, Any] = json.loads(plane.kubectl("get", kind, name, "-o", "json", "--show-managed-fields"))
    return whole


def draft(hub: Hub) -> str:
    return str(hub.get(f"{WEB}/draft", **IN)["text"])


def edit(hub: Hub, what: str, original: str, text: str, **more: Any) -> Any:
    return hub.ask("POST", f"{WEB}/{what}", json={**IN, "original": original, "text": text, **more})


def change(hub: Hub, verb: str, resource: str, name: str, **more: Any) -> dict[str, Any]:
    target = {"cluster": "editing", "resource": resource, "namespace": "default", "name": name}
    (result,) = hub.post("/object-changes", {"verb": verb, "objects": [target], **more})["results"]
    assert result["outcome"] == "done", result
    return dict(result)


class TestEditing:
    def test_a_trial_changes_nothing(self, hub: Hub, plane: ControlPlane) -> None:
        text, before = draft(hub), live(plane)["spec"]
        told = edit(hub, "reviews", text, text.replace("replicas: 1", "replicas: 3")).json()
        assert "+  replicas: 3" in told["difference"]
        assert live(plane)["spec"] == before

    def test_whose_fields_change_is_what_the_server_says(self, hub: Hub, plane: ControlPlane) -> None:
        text = draft(hub)
        mine = text.replace("replicas: 1", "replicas: 3").replace("app:1", "app:2").replace("keep: 'yes'", "keep: 'no'")
        told = edit(hub, "reviews", text, mine).json()
        words = ("apply", "--server-side", "--dry-run=server", "--field-manager=basefly", "-f", "-")
        with pytest.raises(KubectlError) as refused:
            plane.kubectl(*words, stdin=mine)
        theirs = set(re.findall(r"^- (\.\S+)$", str(refused.value), re.MULTILINE))
        assert {field for one in told["owners"] for field in one["fields"]} == theirs
        assert {one["manager"] for one in told["owners"]} == {"flux", "kubectl-create"}

    def test_what_is_taken_over_is_owned_and_what_is_removed_is_gone(self, hub: Hub, plane: ControlPlane) -> None:
        text = draft(hub)
        mine = text.replace("replicas: 1", "replicas: 3").replace("    drop: 'yes'\n", "")
        refused = edit(hub, "edits", text, mine)
        assert (refused.status_code, refused.json()["code"]) == (409, "fields_owned")
        done = edit(hub, "edits", text, mine, take_over=True)
        assert done.status_code == 200, done.text
        whole = live(plane)
        assert (whole["spec"]["replicas"], whole["metadata"]["labels"]) == (3, {"keep": "yes"})
        (mine_only,) = [each for each in whole["metadata"]["managedFields"] if each["manager"] == "basefly"]
        assert mine_only["operation"] == "Update"
        assert mine_only["fieldsV1"]["f:spec"] == {"f:replicas": {}}

    def test_unknown_fields_are_refused_by_name(self, hub: Hub) -> None:
        text = draft(hub)
        refused = edit(hub, "reviews", text, text.replace("spec:\n  ", "spec:\n  replica: 7\n  ", 1))
        assert refused.status_code == 422
        assert 'unknown field "spec.replica"' in refused.json()["detail"]

    def test_what_moved_meanwhile_is_shown_and_kept(self, hub: Hub, plane: ControlPlane) -> None:
        text = draft(hub)
        plane.kubectl("patch", "deployment", "web", "-p", '{"spec":{"minReadySeconds":7}}')
        mine = text.replace("revisionHistoryLimit: 10", "revisionHistoryLimit: 5")
        refused = edit(hub, "edits", text, mine, take_over=True)
        assert (refused.status_code, refused.json()["code"]) == (409, "object_moved")
        told = edit(hub, "reviews", text, mine).json()
        assert "minReadySeconds: 7" in told["moved"]
        done = edit(hub, "edits", told["original"], told["text"], take_over=True)
        assert done.status_code == 200, done.text
        spec = live(plane)["spec"]
        assert (spec["minReadySeconds"], spec["revisionHistoryLimit"]) == (7, 5)

    def test_fields_have_the_documentation_of_the_cluster(self, hub: Hub) -> None:
        asked = "/clusters/editing/kinds/deployments.apps/fields"
        fields = {each["name"]: each for each in hub.get(asked, at="spec.template.spec.containers")["items"]}
        assert "Container image name" in fields["image"]["description"]
        assert (fields["name"]["required"], fields["ports"]["type"]) == (True, "[]object")
        assert fields["imagePullPolicy"]["values"] in ([], ["Always", "IfNotPresent", "Never"])


class TestApplying:
    def test_a_kind_and_one_of_it_in_one_go(self, hub: Hub) -> None:
        schema = {
            "type": "object",
            "properties": {"spec": {"type": "object", "properties": {"size": {"type": "integer"}}}},
        }
        version = {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}
        names = {"plural": "widgets", "kind": "Widget", "singular": "widget"}
        files = [
            {"apiVersion": "example.com/v1", "kind": "Widget", "metadata": {"name": "w", "namespace": "shop"},
             "spec": {"size": 3}},
            {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}},
            {"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
             "metadata": {"name": "widgets.example.com"},
             "spec": {"group": "example.com", "scope": "Namespaced", "names": names, "versions": [version]}},
        ]  # fmt: skip
        body = {
            "files": [{"name": "all.yaml", "text": "\n---\n".join(map(json.dumps, files))}],
            "clusters": ["editing"],
        }
        tried = hub.post("/manifests", {**body, "dry_run": True})["results"]
        assert [each["outcome"] for each in tried] == ["created"] * 3, tried
        done = hub.post("/manifests", body)["results"]
        assert [(each["kind"], each["outcome"]) for each in done] == [
            ("Namespace", "created"), ("CustomResourceDefinition", "created"), ("Widget", "created"),
        ]  # fmt: skip
        again = hub.post("/manifests", body)["results"]
        assert [each["outcome"] for each in again] == ["unchanged"] * 3

    def test_what_others_own_is_named(self, hub: Hub) -> None:
        mine = deployment(replicas=9)
        body = {"files": [{"name": "web.json", "text": json.dumps(mine)}], "clusters": ["editing"]}
        (refused,) = hub.post("/manifests", body)["results"]
        assert refused["outcome"] == "conflict"
        assert ".spec.replicas" in refused["detail"]


class TestVerbs:
    def test_roll_a_deployment_back(self, hub: Hub, plane: ControlPlane) -> None:
        plane.kubectl("set", "image", "deployment/web", "app=registry.example/app:2")
        path = f"{WEB}/revisions"
        eventually(lambda: len(hub.get(path, **IN)["items"]) > 1, seconds=30)
        present, before = hub.get(path, **IN)["items"][:2]
        assert (present["present"], "app:1" in before["difference"]) == (True, True)
        change(hub, "rollback", "deployments.apps", "web", revision=before["number"])
        template = live(plane)["spec"]["template"]
        assert template["spec"]["containers"][0]["image"] == "registry.example/app:1"
        assert "pod-template-hash" not in template["metadata"]["labels"]

    def test_roll_a_stateful_set_back(self, hub: Hub, plane: ControlPlane) -> None:
        made = deployment(serviceName="web") | {"kind": "StatefulSet"}
        plane.kubectl("create", "-f", "-", stdin=json.dumps(made))
        path = "/clusters/editing/objects/statefulsets.apps/web/revisions"
        eventually(lambda: len(hub.get(path, **IN)["items"]) == 1, seconds=30)
        plane.kubectl("set", "image", "statefulset/web", "app=registry.example/app:2")
        eventually(lambda: len(hub.get(path, **IN)["items"]) == 2, seconds=30)
        change(hub, "rollback", "statefulsets.apps", "web")
        image = live(plane, "statefulset")["spec"]["template"]["spec"]["containers"][0]["image"]
        assert image == "registry.example/app:1"

    def test_run_a_cron_job_now(self, hub: Hub, plane: ControlPlane) -> None:
        plane.kubectl("create", "cronjob", "nightly", "--image=registry.example/app:1", "--schedule=0 3 * * *")
        made = change(hub, "trigger", "cronjobs.batch", "nightly")["made"]
        meta = live(plane, "job", made)["metadata"]
        assert meta["annotations"]["cronjob.kubernetes.io/instantiate"] == "manual"
        assert meta["ownerReferences"][0]["name"] == "nightly"
