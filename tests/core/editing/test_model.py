"""Whose fields an edit changes, an edit without them, and two edits made one."""

from __future__ import annotations

from typing import Any

from basefly.core.editing import model


def deployment(**spec: Any) -> dict[str, Any]:
    fields: dict[str, Any] = {
        "f:spec": {
            "f:replicas": {},
            "f:template": {"f:spec": {"f:containers": {
                'k:{"name":"app"}': {".": {}, "f:name": {}, "f:image": {}, "f:ports": {
                    ".": {}, 'k:{"containerPort":80,"protocol":"TCP"}': {".": {}, "f:containerPort": {}}}},
            }}},
        },
    }  # fmt: skip
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {
            "name": "web",
            "uid": "u",
            "resourceVersion": "7",
            "finalizers": ["a/b"],
            "managedFields": [
                {"manager": "flux", "operation": "Apply", "time": "2026-01-01T00:00:00Z", "fieldsV1": fields},
                {"manager": "basefly", "operation": "Update", "fieldsV1": fields},
                {"manager": "controller", "operation": "Update", "subresource": "status",
                 "fieldsV1": {"f:status": {"f:replicas": {}}}},
                {"manager": "other", "operation": "Update",
                 "fieldsV1": {"f:metadata": {"f:finalizers": {".": {}, 'v:"a/b"': {}}}}},
            ],
        },
        "spec": {
            "replicas": 1,
            "template": {"spec": {"containers": [
                {"name": "app", "image": "app:1", "ports": [{"containerPort": 80, "protocol": "TCP"}]},
                {"name": "side", "image": "side:1"},
            ]}},
            **spec,
        },
        "status": {"replicas": 1},
    }  # fmt: skip


def edited() -> Any:
    return model.editable(deployment())


def test_what_the_cluster_keeps_is_not_edited() -> None:
    kept = edited()
    assert set(kept) == {"apiVersion", "kind", "metadata", "spec"}
    assert kept["metadata"] == {"name": "web", "finalizers": ["a/b"]}
    whole = model.complete(kept, deployment())
    assert (whole["metadata"]["uid"], whole["metadata"]["resourceVersion"]) == ("u", "7")
    assert whole["status"] == {"replicas": 1}


class TestOwners:
    def fields(self, edited: Any) -> dict[str, list[str]]:
        return {one.manager: one.fields for one in model.owners(deployment(), edited)}

    def test_nothing_changed_is_nobodys(self) -> None:
        assert self.fields(edited()) == {}

    def test_a_field_of_theirs(self) -> None:
        mine = edited()
        mine["spec"]["template"]["spec"]["containers"][0]["image"] = "app:2"
        assert self.fields(mine) == {"flux": ['.spec.template.spec.containers[name="app"].image']}

    def test_what_nobody_owns_is_free(self) -> None:
        mine = edited()
        mine["spec"]["template"]["spec"]["containers"][1]["image"] = "side:2"
        mine["spec"]["minReadySeconds"] = 5
        assert self.fields(mine) == {}

    def test_what_is_removed_is_told_once(self) -> None:
        mine = edited()
        del mine["spec"]["template"]["spec"]["containers"][0]
        mine["metadata"]["finalizers"] = []
        assert self.fields(mine) == {
            "flux": ['.spec.template.spec.containers[name="app"]'],
            "other": ['.metadata.finalizers[="a/b"]'],
        }

    def test_a_default_that_is_not_said_is_no_change(self) -> None:
        mine = edited()
        mine["spec"]["template"]["spec"]["containers"][0]["ports"] = [{"containerPort": 80}]
        assert self.fields(mine) == {}

    def test_leaving_them_keeps_the_rest_of_the_edit(self) -> None:
        mine = edited()
        mine["spec"]["replicas"] = 5
        mine["spec"]["minReadySeconds"] = 5
        mine["spec"]["template"]["spec"]["containers"] = [{"name": "new", "image": "new:1"}]
        mine["metadata"]["finalizers"] = []
        steps = [step for one in model.owners(deployment(), mine) for step in one.steps]
        left = model.left(mine, edited(), steps)
        assert (left["spec"]["replicas"], left["spec"]["minReadySeconds"]) == (1, 5)
        assert left["metadata"]["finalizers"] == ["a/b"]
        assert [each["name"] for each in left["spec"]["template"]["spec"]["containers"]] == ["new", "app"]
        assert model.owners(deployment(), left) == []


class TestOnto:
    def test_edits_of_different_things_are_made_one(self) -> None:
        mine, theirs = edited(), edited()
        mine["spec"]["replicas"] = 3
        mine["spec"]["template"]["spec"]["containers"][0]["image"] = "app:2"
        theirs["spec"]["template"]["spec"]["containers"][1]["image"] = "side:2"
        theirs["metadata"]["labels"] = {"a": "b"}
        merged, both = model.onto(edited(), mine, theirs)
        assert both == []
        assert merged["spec"]["replicas"] == 3
        assert merged["metadata"]["labels"] == {"a": "b"}
        assert [each["image"] for each in merged["spec"]["template"]["spec"]["containers"]] == ["app:2", "side:2"]

    def test_what_both_changed_is_named(self) -> None:
        mine, theirs = edited(), edited()
        mine["spec"]["replicas"], theirs["spec"]["replicas"] = 3, 4
        del mine["metadata"]["finalizers"]
        theirs["metadata"]["finalizers"] = []
        merged, both = model.onto(edited(), mine, theirs)
        assert (merged["spec"]["replicas"], "finalizers" in merged["metadata"]) == (3, False)
        assert sorted(both) == [".metadata.finalizers", ".spec.replicas"]

    def test_what_one_removed_is_removed(self) -> None:
        mine, theirs = edited(), edited()
        del theirs["spec"]["template"]["spec"]["containers"][1]
        mine["spec"]["replicas"] = 2
        merged, both = model.onto(edited(), mine, theirs)
        assert (len(merged["spec"]["template"]["spec"]["containers"]), both) == (1, [])


def test_secrets_differ_without_their_values() -> None:
    before = {"kind": "Secret", "data": {"same": "YQ==", "other": "Yg==", "gone": "Yw=="}}
    after = {"kind": "Secret", "data": {"same": "YQ==", "other": "ZA==", "new": "ZQ=="}}
    was, now = model.masked(before, after)
    assert was == {"kind": "Secret", "data": {"same": "***", "other": "*** (before)", "gone": "*** (before)"}}
    assert now == {"kind": "Secret", "data": {"same": "***", "other": "*** (after)", "new": "***"}}
