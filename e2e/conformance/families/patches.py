"""Patches of the three older types, on plain objects and on lists with merge keys."""

from __future__ import annotations

from typing import Any

from e2e.conformance.sides import Side

JSON = "application/json-patch+json"
MERGE = "application/merge-patch+json"
STRATEGIC = "application/strategic-merge-patch+json"
_OPERATIONS: dict[str, list[dict[str, Any]]] = {
    "add": [{"op": "add", "path": "/data/b", "value": "2"}],
    "add to nothing": [{"op": "add", "path": "/nothing/b", "value": "2"}],
    "replace": [{"op": "replace", "path": "/data/a", "value": "9"}],
    "replace what is not there": [{"op": "replace", "path": "/data/none", "value": "9"}],
    "remove": [{"op": "remove", "path": "/data/b"}],
    "remove what is not there": [{"op": "remove", "path": "/data/none"}],
    "move": [{"op": "move", "from": "/data/a", "path": "/data/moved"}],
    "copy": [{"op": "copy", "from": "/data/moved", "path": "/data/a"}],
    "test": [{"op": "test", "path": "/data/a", "value": "9"}, {"op": "add", "path": "/data/t", "value": "1"}],
    "test fails": [{"op": "test", "path": "/data/a", "value": "no"}],
    "of no kind": [{"op": "turn", "path": "/data/a", "value": "no"}],
    "escaped": [{"op": "add", "path": "/metadata/annotations", "value": {"a/b": "1"}},
                {"op": "replace", "path": "/metadata/annotations/a~1b", "value": "2"}],
    "nothing": [],
    "to another name": [{"op": "replace", "path": "/metadata/name", "value": "other"}],
    "to another version": [{"op": "replace", "path": "/metadata/resourceVersion", "value": "1"}],
    "to a wrong type": [{"op": "replace", "path": "/data", "value": 7}],
}  # fmt: skip
_MERGES: dict[str, Any] = {
    "a member": {"data": {"c": "3"}},
    "null removes": {"data": {"c": None}},
    "labels": {"metadata": {"labels": {"x": "y"}}},
    "nothing new": {"metadata": {"labels": {"x": "y"}}},
    "another name": {"metadata": {"name": "other"}},
    "an old version": {"metadata": {"resourceVersion": "1"}},
    "a wrong type": {"data": ["a"]},
    "an unknown member": {"nothing": 1},
    "another kind": {"kind": "Secret"},
}
_STRATEGIC: dict[str, Any] = {
    "a container's image": {"containers": [{"name": "main", "image": "x:2"}]},
    "one more container": {"containers": [{"name": "more", "image": "y:1"}]},
    "a container less": {"containers": [{"name": "more", "$patch": "delete"}]},
    "a variable": {"containers": [{"name": "main", "env": [{"name": "A", "value": "2"}, {"name": "B", "value": "3"}]}]},
    "variables replaced": {
        "containers": [{"name": "main", "env": [{"$patch": "replace"}, {"name": "C", "value": "4"}]}]
    },
    "a member is taken": {"containers": [{"name": "main", "env": None}]},
    "an order": {"$setElementOrder/containers": [{"name": "side"}, {"name": "main"}],
                 "containers": [{"name": "side", "image": "z:1"}]},
    "a plain list": {"tolerations": [{"key": "a", "operator": "Exists"}]},
    "no merge key": {"containers": [{"image": "x:3"}]},
    "keys that stay": {"securityContext": {"$retainKeys": ["runAsUser"], "runAsUser": 7}},
    "volumes": {"volumes": [{"name": "v", "emptyDir": {}}]},
    "a volume changes its kind": {
        "volumes": [{"name": "v", "$retainKeys": ["name", "configMap"], "configMap": {"name": "c"}}]
    },
    "a map": {"nodeSelector": {"a": "b", "c": "d"}},
    "a map is replaced": {"nodeSelector": {"$patch": "replace", "a": "b"}},
    "an unknown directive": {"nodeSelector": {"$patch": "turn", "a": "c"}},
}  # fmt: skip


def every_type(side: Side) -> None:
    path = side.namespace("conform-patches") + "/configmaps"
    side.quietly("POST", path, {"metadata": {"name": "one"}, "data": {"a": "1"}})
    for title, operations in _OPERATIONS.items():
        side.ask(f"json: {title}", "PATCH", f"{path}/one", operations, Content_Type=JSON)
    for title, merge in _MERGES.items():
        side.ask(f"merge: {title}", "PATCH", f"{path}/one", merge, Content_Type=MERGE)
    for media in (JSON, MERGE, STRATEGIC):
        side.ask(f"{media}: no JSON", "PATCH", f"{path}/one", "{", Content_Type=media)
        side.ask(f"{media}: another shape", "PATCH", f"{path}/one", '"text"', Content_Type=media)
        side.ask(f"{media}: not there", "PATCH", f"{path}/none", {} if media != JSON else [], Content_Type=media)
    side.ask("a media type of no kind", "PATCH", f"{path}/one", {}, Content_Type="application/json")
    side.ask("merge: dry", "PATCH", f"{path}/one?dryRun=All", {"data": {"dry": "1"}}, Content_Type=MERGE)
    side.ask("after all", "GET", f"{path}/one")
    _strategic(side)


def _strategic(side: Side) -> None:
    path = "/apis/apps/v1/namespaces/conform-patches/deployments"
    containers = [{"name": "main", "image": "x:1", "env": [{"name": "A", "value": "1"}]}]
    template = {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": containers}}
    spec = {"replicas": 0, "selector": {"matchLabels": {"a": "b"}}, "template": template}
    side.quietly("POST", path, {"metadata": {"name": "d"}, "spec": spec})
    for title, change in _STRATEGIC.items():
        patch = {"spec": {"template": {"spec": change}}}
        side.ask(f"strategic: {title}", "PATCH", f"{path}/d", patch, Content_Type=STRATEGIC)
    service = "/api/v1/namespaces/conform-patches/services"
    side.quietly("POST", service, {"metadata": {"name": "s"}, "spec": {"ports": [{"name": "a", "port": 80}]}})
    ports = {"spec": {"ports": [{"name": "b", "port": 81}]}}
    side.ask("strategic: a service's port", "PATCH", f"{service}/s", ports, Content_Type=STRATEGIC)
    finalizers = {"metadata": {"finalizers": ["example.com/a"]}}
    side.ask("strategic: finalizers", "PATCH", f"{service}/s", finalizers, Content_Type=STRATEGIC)
    taken = {"metadata": {"$deleteFromPrimitiveList/finalizers": ["example.com/a"]}}
    side.ask("strategic: a finalizer is taken", "PATCH", f"{service}/s", taken, Content_Type=STRATEGIC)
    node = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "conform-patches"}}
    side.quietly("POST", "/api/v1/nodes", node)
    status = {"status": {"conditions": [{"type": "Ready", "status": "True"}]}}
    where = "/api/v1/nodes/conform-patches"
    side.ask("strategic: a node's status", "PATCH", f"{where}/status", status, Content_Type=STRATEGIC)
    more = {"status": {"conditions": [{"type": "Full", "status": "False"}], "capacity": {"cpu": "4"}}}
    side.ask("strategic: one more condition", "PATCH", f"{where}/status", more, Content_Type=STRATEGIC)
    taints = {"spec": {"taints": [{"key": "a", "effect": "NoSchedule"}]}}
    side.ask("strategic: taints", "PATCH", where, taints, Content_Type=STRATEGIC)
    side.ask("strategic: unschedulable", "PATCH", where, {"spec": {"unschedulable": True}}, Content_Type=STRATEGIC)
