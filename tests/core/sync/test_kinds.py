"""Objects as real API servers write them, and the rows they become."""

import json
from typing import Any

import msgspec
import pytest

from basefly.core.sync import kinds
from basefly.core.sync.printed import Printed

META = {"name": "web-1", "namespace": "shop", "uid": "u-1", "resourceVersion": "42",
        "creationTimestamp": "2026-01-01T00:00:00Z", "labels": {"app": "web"}}  # fmt: skip


def project(resource: str, **body: Any) -> tuple[kinds.Row, dict[str, Any]]:
    kind = kinds.by_resource(resource, "Widget")
    whole = {"apiVersion": "v1", "kind": kind.kind, **body, "metadata": {**META, **body.pop("metadata", {})}}
    row = kinds.row(kind, msgspec.json.Decoder(kind.shape).decode(json.dumps(whole).encode()))
    return row, json.loads(row.cells)


def pod(**body: Any) -> tuple[kinds.Row, dict[str, Any]]:
    spec = {"nodeName": "n1", "containers": [{"name": "app", "image": "web:1"}, {"name": "log", "image": "log:1"}]}
    return project("pods", **{"spec": spec, **body})


def container(name: str = "app", *, ready: bool = True, restarts: int = 0, **state: Any) -> dict[str, Any]:
    return {"name": name, "ready": ready, "restartCount": restarts, "state": state or {"running": {}}}


READY = [{"type": "Initialized", "status": "True"}, {"type": "Ready", "status": "True"}]


class TestPods:
    """The words of kubectl's STATUS column, case by case as its own printer is tested."""

    @pytest.mark.parametrize(
        ("status", "word", "health"),
        [
            ({"phase": "Pending"}, "Pending", "warn"),
            ({"phase": "Failed", "reason": "Evicted"}, "Evicted", "bad"),
            ({"phase": "Running", "containerStatuses": [container(), container("log")]}, "Running", "ok"),
            (
                {"phase": "Running", "containerStatuses": [container(), container("log", ready=False)]},
                "Running",
                "warn",
            ),
            (
                {"phase": "Running", "containerStatuses": [container(waiting={"reason": "CrashLoopBackOff"})]},
                "CrashLoopBackOff",
                "bad",
            ),
            (
                {"phase": "Running", "containerStatuses": [container(terminated={"reason": "OOMKilled"})]},
                "OOMKilled",
                "bad",
            ),
            ({"phase": "Running", "containerStatuses": [container(terminated={"exitCode": 3})]}, "ExitCode:3", "bad"),
            ({"phase": "Running", "containerStatuses": [container(terminated={"signal": 9})]}, "Signal:9", "bad"),
            (
                {"phase": "Succeeded", "containerStatuses": [container(terminated={"reason": "Completed"})]},
                "Completed",
                "idle",
            ),
            (
                {"phase": "Pending", "conditions": [{"type": "PodScheduled", "reason": "SchedulingGated"}]},
                "SchedulingGated",
                "warn",
            ),
        ],
    )
    def test_status(self, status: dict[str, Any], word: str, health: str) -> None:
        row, _ = pod(status=status)
        assert (row.status, row.health) == (word, health)

    def test_waits_for_its_init_containers(self) -> None:
        spec = {"containers": [{"name": "app"}], "initContainers": [{"name": "a"}, {"name": "b"}]}
        done = container("a", terminated={"exitCode": 0, "reason": "Completed"})
        waiting = container("b", ready=False, waiting={"reason": "PodInitializing"})
        row, _ = pod(spec=spec, status={"phase": "Pending", "initContainerStatuses": [done, waiting]})
        assert (row.status, row.health) == ("Init:1/2", "warn")

    def test_an_init_container_that_fails_is_bad(self) -> None:
        spec = {"containers": [{"name": "app"}], "initContainers": [{"name": "a"}]}
        failed = container("a", ready=False, waiting={"reason": "CrashLoopBackOff"})
        row, _ = pod(spec=spec, status={"phase": "Pending", "initContainerStatuses": [failed]})
        assert (row.status, row.health) == ("Init:CrashLoopBackOff", "bad")

    def test_counts_restarts_of_containers_and_sidecars_but_not_of_finished_init_containers(self) -> None:
        spec = {
            "containers": [{"name": "app"}],
            "initContainers": [{"name": "once"}, {"name": "proxy", "restartPolicy": "Always"}],
        }
        status = {
            "phase": "Running",
            "conditions": READY,
            "initContainerStatuses": [
                container("once", restarts=5, terminated={"exitCode": 0}),
                {**container("proxy", restarts=2), "started": True},
            ],
            "containerStatuses": [container(restarts=3)],
        }
        _, cells = pod(spec=spec, status=status)
        assert (cells["restarts"], cells["ready"]) == (5, "2/2")

    def test_going_away(self) -> None:
        row, _ = pod(
            metadata={"deletionTimestamp": "2026-01-02T00:00:00Z"},
            status={"phase": "Running", "containerStatuses": [container(), container("log")]},
        )
        assert (row.status, row.health) == ("Terminating", "warn")

    def test_adds_up_requests(self) -> None:
        spec = {
            "containers": [
                {"name": "a", "resources": {"requests": {"cpu": "250m", "memory": "1Gi"}}},
                {"name": "b", "resources": {"requests": {"cpu": 1, "memory": "512Mi"}}},
            ]
        }
        _, cells = pod(spec=spec)
        assert (cells["cpu"], cells["memory"]) == (1.25, 1.5 * 2**30)


class TestOtherKinds:
    @pytest.mark.parametrize(
        ("resource", "body", "word", "health", "cells"),
        [
            (
                "nodes",
                {"status": {"conditions": [{"type": "Ready", "status": "True"}], "allocatable": {"cpu": "3920m"}}},
                "Ready", "ok", {"cpu": 3.92},
            ),
            (
                "nodes",
                {"spec": {"unschedulable": True}, "status": {"conditions": [{"type": "Ready", "status": "True"}]}},
                "Ready,SchedulingDisabled", "warn", {},
            ),
            ("nodes", {"status": {"conditions": [{"type": "Ready", "status": "Unknown"}]}}, "Unknown", "bad", {}),
            ("deployments.apps", {"spec": {"replicas": 3}, "status": {"readyReplicas": 3, "updatedReplicas": 3}},
             "Ready", "ok", {"ready": "3/3"}),
            ("deployments.apps", {"spec": {"replicas": 3}, "status": {"readyReplicas": 1, "updatedReplicas": 3}},
             "Degraded", "warn", {"ready": "1/3"}),
            ("deployments.apps", {"spec": {"replicas": 0}}, "ScaledToZero", "idle", {}),
            ("deployments.apps", {"spec": {"paused": True}}, "Paused", "warn", {"desired": 1}),
            ("deployments.apps", {"status": {"conditions": [{"reason": "ProgressDeadlineExceeded"}]}},
             "Stuck", "bad", {}),
            ("daemonsets.apps",
             {"status": {"desiredNumberScheduled": 2, "numberReady": 2, "updatedNumberScheduled": 2}},
             "Ready", "ok", {"ready": "2/2"}),
            ("jobs.batch", {"spec": {"completions": 2}, "status": {"succeeded": 1, "active": 1}},
             "Running", "ok", {"completions": "1/2"}),
            ("jobs.batch", {"status": {"conditions": [{"type": "Failed", "status": "True"}]}}, "Failed", "bad", {}),
            ("cronjobs.batch", {"spec": {"schedule": "@daily", "suspend": True}}, "Suspended", "idle",
             {"schedule": "@daily"}),
            ("services", {"spec": {"type": "LoadBalancer", "ports": [{"port": 80, "nodePort": 30080}]}},
             "Pending", "warn", {"ports": ["80:30080/TCP"]}),
            ("endpointslices.discovery.k8s.io", {"endpoints": [{}, {"conditions": {"ready": False}}]},
             "Ready", "ok", {"ready": 1, "endpoints": 2}),
            ("endpointslices.discovery.k8s.io", {"endpoints": None}, "Empty", "idle", {}),
            ("ingresses.networking.k8s.io", {"spec": {"rules": [{"host": "a.example"}]}}, "Pending", "warn",
             {"hosts": ["a.example"]}),
            ("networkpolicies.networking.k8s.io", {"spec": {"podSelector": {}, "policyTypes": ["Ingress"]}},
             "Active", "ok", {"selector": "all pods"}),
            ("persistentvolumeclaims", {"status": {"phase": "Pending"}}, "Pending", "warn", {}),
            ("persistentvolumes",
             {"spec": {"capacity": {"storage": "10Gi"}, "claimRef": {"namespace": "a", "name": "b"}},
              "status": {"phase": "Bound"}},
             "Bound", "ok", {"capacity": 10 * 2**30, "claim": "a/b"}),
            ("storageclasses.storage.k8s.io",
             {"metadata": {"annotations": {"storageclass.kubernetes.io/is-default-class": "true"}}, "provisioner": "p"},
             "Default", "ok", {"default": True}),
            ("horizontalpodautoscalers.autoscaling",
             {"spec": {"maxReplicas": 9, "scaleTargetRef": {"kind": "Deployment", "name": "web"}},
              "status": {"conditions": [{"type": "ScalingLimited", "status": "True"}]}},
             "Limited", "warn", {"target": "Deployment/web", "max": 9, "min": 1}),
            ("poddisruptionbudgets.policy",
             {"spec": {"minAvailable": "50%"}, "status": {"expectedPods": 2, "currentHealthy": 1, "desiredHealthy": 1}},
             "Blocking", "warn", {"min": "50%"}),
            ("rolebindings.rbac.authorization.k8s.io",
             {"roleRef": {"kind": "Role", "name": "r"}, "subjects": [{"kind": "User", "name": "jo"}]},
             "Active", "ok", {"role": "Role/r", "subjects": ["User/jo"]}),
            ("customresourcedefinitions.apiextensions.k8s.io",
             {"spec": {"group": "x.io", "names": {"kind": "W"}, "versions": [{"name": "v1", "served": True}]},
              "status": {"conditions": [{"type": "Established", "status": "True"}]}},
             "Established", "ok", {"versions": ["v1"], "printed": {}}),
        ],
    )  # fmt: skip
    def test_becomes_a_row(
        self, resource: str, body: dict[str, Any], word: str, health: str, cells: dict[str, Any]
    ) -> None:
        row, kept = project(resource, **body)
        assert (row.status, row.health) == (word, health)
        assert {name: kept[name] for name in cells} == cells

    @pytest.mark.parametrize("kind", kinds.KINDS, ids=lambda kind: kind.resource)
    def test_every_kind_fills_its_columns_even_for_the_barest_object(self, kind: kinds.Kind) -> None:
        row, cells = project(kind.resource)
        assert {column.name for column in kind.columns} <= cells.keys()
        assert json.loads(row.labels) == {"app": "web"}

    def test_an_event_hangs_on_what_it_is_about(self) -> None:
        row, cells = project(
            "events",
            type="Warning",
            reason="BackOff",
            count=3,
            involvedObject={"kind": "Pod", "name": "p", "uid": "u-9"},
        )
        assert (row.owner_uid, row.health, cells["count"], cells["object"]) == ("u-9", "warn", 3, "Pod/p")

    def test_a_stranger_is_kept_as_metadata(self) -> None:
        row, cells = project("widgets.example.com", spec={"secret": "x"})
        assert (row.name, row.status, cells) == ("web-1", "", {})


def widget(*printed: Printed, **body: Any) -> tuple[dict[str, str], dict[str, Any]]:
    """The types of the columns, and the cells, of a custom resource."""
    kind = kinds.by_resource("widgets.example.com", "Widget", printed)
    whole = {"apiVersion": "example.com/v1", "kind": "Widget", **body, "metadata": {**META, **body.get("metadata", {})}}
    row = kinds.row(kind, msgspec.json.Decoder(kind.shape).decode(json.dumps(whole)))
    return {column.name: column.type for column in kind.columns}, json.loads(row.cells)


class TestPrinted:
    """Columns that a definition names."""

    @pytest.mark.parametrize(
        ("kind", "value", "shown"),
        [
            ("integer", 3, 3), ("integer", 3.0, 3), ("integer", "3", None), ("integer", True, None),
            ("number", 0.5, 0.5), ("boolean", False, False), ("boolean", "yes", None),
            ("date", "2026-01-01T00:00:00Z", "2026-01-01T00:00:00Z"), ("date", 7, None),
            ("string", "up", "up"), ("string", 3, "3"), ("string", True, "true"), ("string", ["a"], '["a"]'),
            ("string", None, None), ("string", "x" * 400, "x" * 299 + "…"),
        ],
    )  # fmt: skip
    def test_a_value_is_of_its_columns_type(self, kind: str, value: Any, shown: Any) -> None:
        _, cells = widget(Printed("Size", kind, ".spec.size"), spec={"size": value})
        assert cells == {"size": shown}

    def test_an_object_without_the_field_or_its_parent_has_no_value(self) -> None:
        printed = (Printed("Size", "integer", ".spec.size"), Printed("Phase", "string", ".status.phase"))
        assert widget(*printed, spec=None)[1] == {"size": None, "phase": None}

    def test_metadata_is_within_reach(self) -> None:
        printed = [Printed(n, "string", f".metadata.{p}") for n, p in (("App", "labels.app"), ("By", "annotations.by"))]
        assert widget(*printed, metadata={"annotations": {"by": "jo"}})[1] == {"app": "web", "by": "jo"}

    def test_what_every_list_has_is_not_repeated_and_taken_names_are_told_apart(self) -> None:
        types, _ = widget(
            Printed("Age", "date", ".metadata.creationTimestamp"),
            Printed("Status", "string", ".status.phase"),
            Printed("Last Backup", "date", ".status.at"),
            Printed("Last-Backup", "string", ".status.by"),
            Printed("Odd", "string", "..x"),
        )
        assert types == {"printed-status": "text", "last-backup": "time"}

    def test_without_columns_only_metadata_is_asked_for(self) -> None:
        age = Printed("Age", "date", ".metadata.creationTimestamp")
        assert kinds.by_resource("widgets.example.com", "Widget", (age,)).metadata_only
        assert not kinds.by_resource("widgets.example.com", "Widget", (Printed("A", "string", ".a"),)).metadata_only

    def test_a_priority_makes_a_column_wide(self) -> None:
        kind = kinds.by_resource("widgets.example.com", "Widget", (Printed("A", "string", ".a", 1),))
        assert [column.wide for column in kind.columns] == [True]


class TestSecrecy:
    @pytest.mark.parametrize("resource", ["secrets", "configmaps"])
    def test_only_the_names_of_keys_are_kept(self, resource: str) -> None:
        row, cells = project(resource, data={"password": "aHVudGVyMg=="})
        assert cells["keys"] == ["password"]
        assert "aHVudGVyMg" not in str(row)


class TestDigest:
    def test_changes_with_what_is_shown_and_with_nothing_else(self) -> None:
        before, _ = pod(status={"phase": "Pending"})
        heartbeat, _ = pod(metadata={"resourceVersion": "43", "managedFields": [{}]}, status={"phase": "Pending"})
        relabelled, _ = pod(metadata={"labels": {"app": "api"}}, status={"phase": "Pending"})
        assert heartbeat.digest == before.digest
        assert relabelled.digest != before.digest


class TestOddObjects:
    def test_one_that_cannot_be_projected_is_shown_as_unreadable(self) -> None:
        row, cells = project("nodes", status={"allocatable": {"cpu": "lots"}})
        assert (row.status, row.health) == ("Unreadable", "warn")
        assert "lots" in cells["unreadable"]

    def test_labels_that_are_not_utf8_are_kept_as_far_as_they_can_be_read(self) -> None:
        kind = kinds.by_resource("configmaps", "ConfigMap")
        meta = kinds.Meta(name="odd", labels=msgspec.Raw(b'{"a":"\xff"}'))
        assert json.loads(kinds.row(kind, kind.shape(metadata=meta)).labels) == {"a": "\ufffd"}

    def test_labels_of_null_are_no_labels(self) -> None:
        row, _ = project("configmaps", metadata={"labels": None})
        assert row.labels == "{}"


class TestNames:
    @pytest.mark.parametrize("name", ["po", "pod", "Pod", "pods", "PODS"])
    def test_a_kind_answers_to_what_people_call_it(self, name: str) -> None:
        found = kinds.named(name)
        assert found is not None
        assert found.resource == "pods"
