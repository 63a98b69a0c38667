"""Definitions of kinds of one's own, and their objects: columns, status, scale, versions, and removal."""

from __future__ import annotations

import time
from typing import Any

from e2e.conformance.families.kinds import METADATA, TABLE
from e2e.conformance.sides import Side

Object = dict[str, Any]
DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
NAME = "widgets.conform.example.com"
ROOT = "/apis/conform.example.com/v1"
PATH = f"{ROOT}/namespaces/default/widgets"
MERGE = "application/merge-patch+json"


def definitions(side: Side) -> None:
    side.ask("create a definition", "POST", DEFINITIONS, definition())
    while "WidgetList" not in str(side.quietly("GET", f"{PATH}?limit=1")):
        time.sleep(0.1)
    side.ask("get a definition", "GET", f"{DEFINITIONS}/{NAME}")
    side.ask("definitions as a table", "GET", f"{DEFINITIONS}/{NAME}", Accept=TABLE)
    side.ask("discovery of the group", "GET", "/apis/conform.example.com")
    side.ask("discovery of the version", "GET", ROOT)
    _objects(side)
    _parts(side)
    _refused(side)
    side.ask("delete an object", "DELETE", f"{PATH}/one")
    side.ask("delete the definition", "DELETE", f"{DEFINITIONS}/{NAME}")
    time.sleep(2)
    side.ask("no definition any more", "GET", f"{DEFINITIONS}/{NAME}")
    side.ask("no objects any more", "GET", PATH)


def definition() -> Object:
    schema = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    columns = [
        {"name": "Size", "type": "string", "jsonPath": ".spec.size"},
        {"name": "Count", "type": "integer", "jsonPath": ".spec.replicas", "description": "how many", "priority": 1},
        {"name": "Ready", "type": "string", "jsonPath": '.status.conditions[?(@.type=="Ready")].status'},
        {"name": "Fine", "type": "boolean", "jsonPath": ".spec.fine"},
        {"name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp"},
    ]
    scale = {"specReplicasPath": ".spec.replicas", "statusReplicasPath": ".status.replicas"}
    version = {
        "name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": schema},
        "additionalPrinterColumns": columns, "subresources": {"status": {}, "scale": scale},
    }  # fmt: skip
    older = {"name": "v1beta1", "served": True, "storage": False, "schema": {"openAPIV3Schema": schema}}
    names = {"plural": "widgets", "singular": "widget", "kind": "Widget", "shortNames": ["wd"], "categories": ["all"]}
    spec = {"group": "conform.example.com", "scope": "Namespaced", "names": names, "versions": [version, older]}
    head = {"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": {"name": NAME}}
    return head | {"spec": spec}


def widget(name: str, **spec: Any) -> Object:
    return {"apiVersion": "conform.example.com/v1", "kind": "Widget", "metadata": {"name": name}, "spec": spec}


def _objects(side: Side) -> None:
    made = side.ask("create", "POST", PATH, widget("one", size="large", replicas=2, fine=True))
    side.ask("create with a status", "POST", PATH, widget("two", size=7) | {"status": {"replicas": 1}})
    side.ask("create again", "POST", PATH, widget("one"))
    side.ask("get", "GET", f"{PATH}/one")
    side.ask("get in the older version", "GET", f"{PATH}/one".replace("/v1/", "/v1beta1/"))
    side.ask("get as a table", "GET", f"{PATH}/one", Accept=TABLE)
    side.ask("get its metadata", "GET", f"{PATH}/one", Accept=METADATA)
    side.ask("list", "GET", PATH)
    side.ask("list everywhere", "GET", f"{ROOT}/widgets")
    side.ask("list as a table", "GET", PATH, Accept=TABLE)
    side.ask("list the older as a table", "GET", PATH.replace("/v1/", "/v1beta1/"), Accept=TABLE)
    side.ask("list by name", "GET", f"{PATH}?fieldSelector=metadata.name%3Done")
    side.ask("list by a field", "GET", f"{PATH}?fieldSelector=spec.size%3Dlarge")
    side.ask("replace", "PUT", f"{PATH}/one", made | {"spec": {"size": "small"}})
    side.ask("replace from an old version", "PUT", f"{PATH}/one", made)
    side.ask("replace without a version", "PUT", f"{PATH}/one", widget("one"))
    side.ask("merge patch", "PATCH", f"{PATH}/one", {"spec": {"size": "mid", "replicas": 3}}, Content_Type=MERGE)
    operations = [{"op": "add", "path": "/spec/tag", "value": "x"}]
    side.ask("JSON patch", "PATCH", f"{PATH}/one", operations, Content_Type="application/json-patch+json")
    side.ask("strategic patch", "PATCH", f"{PATH}/one", {}, Content_Type="application/strategic-merge-patch+json")
    where = f"{PATH}/three?fieldManager=a"
    applying = "application/apply-patch+yaml"
    side.ask("apply", "PATCH", where, widget("three", size="a", sizes=["x"]), Content_Type=applying)
    side.ask("apply again", "PATCH", where, widget("three", sizes=["y"]), Content_Type=applying)


def _parts(side: Side) -> None:
    ready = {"status": {"replicas": 2, "conditions": [{"type": "Ready", "status": "True"}]}, "spec": {"size": "no"}}
    side.ask("status", "PATCH", f"{PATH}/one/status", ready, Content_Type=MERGE)
    side.ask("the table has it", "GET", f"{PATH}/one", Accept=TABLE)
    side.ask("scale", "GET", f"{PATH}/one/scale")
    side.ask("scaled", "PATCH", f"{PATH}/one/scale", {"spec": {"replicas": 5}}, Content_Type=MERGE)
    side.ask("after scaling", "GET", f"{PATH}/one")
    side.ask("a part that is not there", "GET", f"{PATH}/one/logs")


def _refused(side: Side) -> None:
    side.ask("not there", "GET", f"{PATH}/none")
    side.ask("no kind", "POST", PATH, {"metadata": {"name": "x"}})
    side.ask("another kind", "POST", PATH, widget("x") | {"kind": "Gadget"})
    side.ask("another version", "POST", PATH, widget("x") | {"apiVersion": "conform.example.com/v2"})
    side.ask("a wrong name", "POST", PATH, widget("Not A Name"))
    side.ask("no name", "POST", PATH, {"apiVersion": "conform.example.com/v1", "kind": "Widget", "metadata": {}})
    wrong = definition() | {"metadata": {"name": "wrong.conform.example.com"}}
    side.ask("a definition with a wrong name", "POST", DEFINITIONS, wrong)
    side.ask("a definition again", "POST", DEFINITIONS, definition())
    side.ask("protobuf of a custom kind", "GET", f"{PATH}/one", Accept="application/vnd.kubernetes.protobuf")
