"""An object told to people."""

from __future__ import annotations

from typing import Any

from basefly.cli.show import description

ROW: dict[str, Any] = {
    "cluster": {"id": "1", "name": "east"},
    "resource": "pods",
    "kind": "Pod",
    "namespace": "shop",
    "name": "web-1",
    "uid": "p",
    "status": "Running",
    "health": "ok",
    "created_at": "2026-01-01T00:00:00Z",
}
POD: dict[str, Any] = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"labels": {"b": "2", "a": "1"}, "annotations": {"note": "x" * 500}},
    "spec": {"containers": [{"name": "web", "image": "web:1"}, {"name": "log", "image": "log:1"}]},
    "status": {
        "conditions": [{"type": "Ready", "status": "False", "reason": "Crashing", "message": "twice\x1b[2J"}],
        "containerStatuses": [
            {
                "name": "web",
                "ready": False,
                "restartCount": 3,
                "state": {"terminated": {"reason": "Error", "exitCode": 2}},
            }
        ],
    },
}
GRAPH: dict[str, Any] = {
    "nodes": [
        {"uid": "p", "kind": "Pod", "name": "web-1", "status": "Running"},
        {"uid": "r", "kind": "ReplicaSet", "name": "web", "status": "Ready"},
    ],
    "edges": [{"from": "r", "to": "p"}],
}


def told(row: dict[str, Any] = ROW, whole: dict[str, Any] = POD, graph: dict[str, Any] | None = None) -> str:
    return description.text(row, whole, "live", graph or {}, [])


def test_the_head_says_what_and_where() -> None:
    lines = told().splitlines()
    assert lines[:5] == [
        "Name:           web-1",
        "Namespace:      shop",
        "Cluster:        east",
        "Kind:           Pod (v1)",
        "Status:         Running",
    ]
    assert "Labels:         a=1\n                b=2\n" in told()
    assert f"note={'x' * 117}..." in told()


def test_the_family_is_a_tree() -> None:
    assert "Family:\n  ReplicaSet/web  Ready\n    Pod/web-1  Running\n" in told(graph=GRAPH)
    assert "Family" not in told()


def test_a_family_that_runs_in_a_circle_ends() -> None:
    round_about = {"nodes": GRAPH["nodes"], "edges": [{"from": "r", "to": "p"}, {"from": "p", "to": "r"}]}
    assert "Family" not in told(graph=round_about)


def test_containers_and_conditions_are_tables() -> None:
    text = told()
    assert "  web    web:1   false   Error (2)   3\n  log    log:1   false   Unknown     0\n" in text
    assert "  Ready   False    <unknown>   Crashing   twice\\x1b[2J\n" in text


def test_the_rest_is_yaml_without_what_was_told() -> None:
    text = told()
    assert "Spec:\n  containers:\n  - name: web\n" in text
    assert text.count("Crashing") == 1


def test_an_object_of_which_little_is_known() -> None:
    outline = {"apiVersion": "v1", "kind": "Pod", "metadata": {}}
    assert description.text(ROW, outline, "down; known as of noon", {}, []).count("\n\n") == 0
    assert "Seen:           down; known as of noon" in description.text(ROW, outline, "down; known as of noon", {}, [])


def test_odd_fields_do_no_harm() -> None:
    odd = {"apiVersion": "x/v1", "kind": "Odd", "metadata": None, "status": "fine", "spec": [1], "conditions": "none"}
    assert "Status:\n  fine\n" in told(whole=odd)
