"""What a page says of one object."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import msgspec
import pytest

from basefly.core.inventory.detail import Edge, Graph
from basefly.core.inventory.display import facts
from basefly.core.inventory.model import ClusterName, InventoryObject
from basefly.core.sync.kinds import pods

BERLIN = ClusterName(UUID(int=1), "berlin")


def thing(uid: str, kind: str = "Pod", **cells: Any) -> InventoryObject:
    return InventoryObject(
        cluster=BERLIN,
        resource="pods" if kind == "Pod" else f"{kind.lower()}s.apps",
        kind=kind,
        namespace="shop",
        name=uid,
        uid=uid,
        resource_version="1",
        created_at=datetime(2026, 11, 24, tzinfo=UTC),
        status="Running",
        health="ok",
        labels={},
        cells=cells,
    )


@pytest.mark.parametrize(
    ("kind", "status", "health"),
    [
        ("Ready", "True", "ok"),
        ("Ready", "False", "warn"),
        ("Ready", "Unknown", "idle"),
        ("MemoryPressure", "False", "ok"),
        ("MemoryPressure", "True", "warn"),
        ("NetworkUnavailable", "False", "ok"),
    ],
)
def test_a_condition_is_good_when_it_says_what_one_wants(kind: str, status: str, health: str) -> None:
    (shown,) = facts.conditions({"status": {"conditions": [{"type": kind, "status": status}]}})
    assert shown.health == health


def test_what_is_wrong_comes_first() -> None:
    given = [{"type": "Initialized", "status": "True"}, {"type": "Ready", "status": "False"}]
    assert [one.type for one in facts.conditions({"status": {"conditions": given}})] == ["Ready", "Initialized"]


@pytest.mark.parametrize(
    "whole", [{}, {"status": "fine"}, {"status": {"conditions": None}}, {"status": {"conditions": ["x"]}}]
)
def test_an_object_of_another_shape_has_no_conditions(whole: dict[str, Any]) -> None:
    assert facts.conditions(whole) == []


@pytest.mark.parametrize(
    ("state", "word", "health"),
    [
        ({"waiting": {"reason": "CrashLoopBackOff"}}, "CrashLoopBackOff", "bad"),
        ({"waiting": {"reason": "ContainerCreating"}}, "ContainerCreating", "warn"),
        ({"terminated": {"reason": "OOMKilled", "exitCode": 137}}, "OOMKilled (137)", "bad"),
        ({"terminated": {"exitCode": 0}}, "Terminated (0)", "idle"),
        ({"running": {}}, "Running, not ready", "warn"),
    ],
)
def test_how_a_container_fares(state: dict[str, Any], word: str, health: str) -> None:
    pod = {
        "spec": {"containers": [{"name": "app", "image": "web:1", "resources": {"requests": {"cpu": "1"}}}]},
        "status": {"containerStatuses": [{"name": "app", "restartCount": 3, "state": state}]},
    }
    (shown,) = facts.containers("pods", pod)
    assert (shown.word, shown.health, shown.restarts, shown.requests) == (word, health, 3, "cpu 1")


def test_workloads_show_the_containers_of_their_template() -> None:
    template = {"spec": {"initContainers": [{"name": "first"}], "containers": [{"name": "app"}]}}
    deployment = {"spec": {"template": template}}
    cron_job = {"spec": {"jobTemplate": {"spec": {"template": template}}}}
    for resource, whole in (("deployments.apps", deployment), ("cronjobs.batch", cron_job)):
        assert [(one.name, one.init) for one in facts.containers(resource, whole)] == [("first", True), ("app", False)]


def test_other_kinds_have_no_containers_whatever_they_contain() -> None:
    assert facts.containers("widgets.example.com", {"spec": "anything"}) == []


def test_a_node_is_a_link() -> None:
    node = next(fact for fact in facts.facts(thing("web", node="n1"), pods.PODS.columns) if fact.title == "Node")
    assert node.href == f"/clusters/{BERLIN.id}/objects/nodes/n1"


def test_a_family_is_a_tree_from_its_root() -> None:
    nodes = [thing("d", "Deployment"), thing("r", "ReplicaSet"), thing("p1"), thing("p2")]
    (root,) = facts.family(Graph(nodes, [Edge("d", "r"), Edge("r", "p1"), Edge("r", "p2")]), "p2")
    (replica_set,) = root.children
    assert (root.name, replica_set.name) == ("d", "r")
    assert [(pod.name, pod.here) for pod in replica_set.children] == [("p1", False), ("p2", True)]


def test_who_stands_alone_has_no_family() -> None:
    assert facts.family(Graph([thing("p")], []), "p") == []


def test_of_many_children_some_are_shown_and_we_are_among_them() -> None:
    children = [f"p{number}" for number in range(facts.CHILDREN_SHOWN + 5)]
    graph = Graph([thing("r", "ReplicaSet"), *map(thing, children)], [Edge("r", child) for child in children])
    (root,) = facts.family(graph, children[-1])
    assert len(root.children) == facts.CHILDREN_SHOWN
    assert root.more == 5
    assert root.children[-1].here


def test_long_annotations_are_cut() -> None:
    ((key, text),) = facts.remarks({"metadata": {"annotations": {"last-applied": "x" * 5000}}})
    assert key == "last-applied"
    assert len(text) == facts.ANNOTATION_SHOWN + 1
    assert msgspec.json.encode(text)
