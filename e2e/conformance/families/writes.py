"""The life of objects: made, replaced, in conflict, dry, named by the server, scaled, and removed in every way."""

from __future__ import annotations

from typing import Any

from e2e.conformance.sides import Side

Object = dict[str, Any]
MERGE = "application/merge-patch+json"
TEMPLATE = {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "main", "image": "x:1"}]}}


def lives(side: Side) -> None:
    space = side.namespace("conform-writes")
    _replacing(side, f"{space}/configmaps")
    _creating(side, f"{space}/configmaps")
    _scaling(side, "/apis/apps/v1/namespaces/conform-writes/deployments")
    _statuses(side, space)
    _deleting(side, f"{space}/configmaps")
    _finalizers(side, f"{space}/configmaps")
    _graces(side, f"{space}/pods")
    _owners(side, space)
    _collections(side, f"{space}/configmaps")
    _immutable(side, space)


def _replacing(side: Side, path: str) -> None:
    made = side.ask("create", "POST", path, {"metadata": {"name": "one"}, "data": {"a": "1"}})
    side.ask("create again", "POST", path, {"metadata": {"name": "one"}})
    side.ask("replace with nothing new", "PUT", f"{path}/one", made)
    changed = made | {"data": {"a": "2"}}
    side.ask("replace", "PUT", f"{path}/one", changed)
    side.ask("replace from an old version", "PUT", f"{path}/one", changed | {"data": {"a": "3"}})
    free = {"metadata": {"name": "one"}, "data": {"b": "1"}}
    side.ask("replace without a version", "PUT", f"{path}/one", free)
    side.ask("replace dry", "PUT", f"{path}/one?dryRun=All", {"metadata": {"name": "one"}, "data": {"b": "2"}})
    side.ask("after the dry run", "GET", f"{path}/one")
    side.ask("replace what is not there", "PUT", f"{path}/none", {"metadata": {"name": "none"}})
    side.ask("replace under another name", "PUT", f"{path}/one", {"metadata": {"name": "two"}})
    side.ask("replace without a name", "PUT", f"{path}/one", {"data": {}})
    side.ask(
        "replace in another namespace", "PUT", f"{path}/one", {"metadata": {"name": "one", "namespace": "default"}}
    )
    wrong = {"metadata": {"name": "one", "uid": "00000000-0000-4000-8000-000000000000"}}
    side.ask("replace another uid", "PUT", f"{path}/one", wrong)
    side.ask(
        "replace and change what is fixed",
        "PUT",
        f"{path}/one",
        {"metadata": {"name": "one", "generation": 7, "creationTimestamp": "2020-01-01T00:00:00Z"}},
    )


def _creating(side: Side, path: str) -> None:
    side.ask("create dry", "POST", f"{path}?dryRun=All", {"metadata": {"name": "dry"}})
    side.ask("after the dry creation", "GET", f"{path}/dry")
    side.ask("create dry in a wrong way", "POST", f"{path}?dryRun=Some", {"metadata": {"name": "dry"}})
    side.ask("a name from the server", "POST", path, {"metadata": {"generateName": "made-"}})
    side.ask("a name from the server, dry", "POST", f"{path}?dryRun=All", {"metadata": {"generateName": "made-"}})
    side.ask("no name", "POST", path, {"metadata": {}})
    side.ask("with a version", "POST", path, {"metadata": {"name": "x", "resourceVersion": "7"}})
    side.ask("a wrong name", "POST", path, {"metadata": {"name": "Not A Name"}})
    side.ask("too long a name", "POST", path, {"metadata": {"name": "x" * 254}})
    side.ask("a wrong label", "POST", path, {"metadata": {"name": "x", "labels": {"a": "not a value"}}})
    side.ask("a wrong label key", "POST", path, {"metadata": {"name": "x", "labels": {"a b": "c"}}})
    side.ask("a wrong annotation", "POST", path, {"metadata": {"name": "x", "annotations": {"a b": "c"}}})
    side.ask("a label that is a number", "POST", path, {"metadata": {"name": "x", "labels": {"a": 1}}})
    side.ask("in another namespace", "POST", path, {"metadata": {"name": "x", "namespace": "default"}})
    side.ask(
        "in a namespace that is not there", "POST", "/api/v1/namespaces/none/configmaps", {"metadata": {"name": "x"}}
    )
    side.ask(
        "with uid and time of its own",
        "POST",
        path,
        {"metadata": {"name": "own", "uid": "x", "creationTimestamp": "2020-01-01T00:00:00Z", "generation": 9}},
    )
    side.ask("in YAML", "POST", path, "metadata:\n  name: yaml\ndata: {a: b}\n", Content_Type="application/yaml")
    side.ask("answered in YAML", "POST", path, {"metadata": {"name": "told"}}, Accept="application/yaml")
    side.ask("unknown member", "POST", path, {"metadata": {"name": "more"}, "nothing": 1})
    side.ask(
        "unknown member, strict",
        "POST",
        f"{path}?fieldValidation=Strict",
        {"metadata": {"name": "strict"}, "nothing": 1},
    )
    side.ask("field validation of no kind", "POST", f"{path}?fieldValidation=No", {"metadata": {"name": "strict"}})


def _scaling(side: Side, path: str) -> None:
    spec = {"replicas": 2, "selector": {"matchLabels": {"a": "b"}}, "template": TEMPLATE}
    side.ask("a deployment", "POST", path, {"metadata": {"name": "d"}, "spec": spec})
    scale = side.ask("its scale", "GET", f"{path}/d/scale")
    side.ask("scale by PUT", "PUT", f"{path}/d/scale", scale | {"spec": {"replicas": 5}})
    side.ask("scale from an old version", "PUT", f"{path}/d/scale", scale)
    side.ask("scale by patch", "PATCH", f"{path}/d/scale", {"spec": {"replicas": 3}}, Content_Type=MERGE)
    side.ask("scale below nothing", "PATCH", f"{path}/d/scale", {"spec": {"replicas": -1}}, Content_Type=MERGE)
    side.ask("scale to nothing", "PATCH", f"{path}/d/scale", {"spec": {"replicas": 0}}, Content_Type=MERGE)
    side.ask("scale dry", "PATCH", f"{path}/d/scale?dryRun=All", {"spec": {"replicas": 8}}, Content_Type=MERGE)
    side.ask("scaled", "GET", f"{path}/d")
    side.ask("scale what is not there", "GET", f"{path}/none/scale")
    side.ask("scale as a table", "GET", f"{path}/d/scale", Accept="application/json;as=Table;v=v1;g=meta.k8s.io")
    side.ask("a part that is not there", "GET", f"{path}/d/nothing")


def _statuses(side: Side, space: str) -> None:
    path = "/apis/apps/v1/namespaces/conform-writes/deployments/d"
    held = side.ask("status by GET", "GET", f"{path}/status")
    told = held | {"status": {"replicas": 3, "observedGeneration": 2}, "spec": held["spec"] | {"replicas": 9}}
    side.ask("status by PUT leaves the rest", "PUT", f"{path}/status", told)
    changed = {"status": {"readyReplicas": 1}, "metadata": {"labels": {"by": "status"}}}
    side.ask("status by patch", "PATCH", f"{path}/status", changed, Content_Type=MERGE)
    side.ask("the whole leaves the status", "PATCH", path, {"status": {"replicas": 7}}, Content_Type=MERGE)
    side.ask("status of a kind without", "GET", f"{space}/configmaps/one/status")


def _deleting(side: Side, path: str) -> None:
    made = side.quietly("POST", path, {"metadata": {"name": "gone"}})
    other = {"preconditions": {"uid": "00000000-0000-4000-8000-000000000000"}}
    side.ask("delete another uid", "DELETE", f"{path}/gone", other)
    side.ask("delete another version", "DELETE", f"{path}/gone", {"preconditions": {"resourceVersion": "1"}})
    side.ask("delete dry", "DELETE", f"{path}/gone?dryRun=All")
    side.ask("delete dry by options", "DELETE", f"{path}/gone", {"dryRun": ["All"]})
    side.ask("delete with options of no kind", "DELETE", f"{path}/gone", {"gracePeriodSeconds": "soon"})
    side.ask("delete with a policy of no kind", "DELETE", f"{path}/gone", {"propagationPolicy": "Sideways"})
    side.ask(
        "delete with both policies", "DELETE", f"{path}/gone", {"propagationPolicy": "Orphan", "orphanDependents": True}
    )
    side.ask("delete with a negative grace", "DELETE", f"{path}/gone", {"gracePeriodSeconds": -1})
    exact = {"preconditions": {"uid": made["metadata"]["uid"], "resourceVersion": made["metadata"]["resourceVersion"]}}
    side.ask("delete exactly this", "DELETE", f"{path}/gone", exact)
    side.ask("delete again", "DELETE", f"{path}/gone")


def _finalizers(side: Side, path: str) -> None:
    side.quietly("POST", path, {"metadata": {"name": "held", "finalizers": ["example.com/hold"]}})
    side.ask("delete what a finalizer holds", "DELETE", f"{path}/held")
    side.ask("held", "GET", f"{path}/held")
    side.ask("delete it again", "DELETE", f"{path}/held")
    side.ask("change it meanwhile", "PATCH", f"{path}/held", {"data": {"a": "b"}}, Content_Type=MERGE)
    more = {"metadata": {"finalizers": ["example.com/hold", "example.com/more"]}}
    side.ask("one more finalizer", "PATCH", f"{path}/held", more, Content_Type=MERGE)
    side.ask("let it go", "PATCH", f"{path}/held", {"metadata": {"finalizers": []}}, Content_Type=MERGE)
    side.ask("it is gone", "GET", f"{path}/held")
    side.ask("a wrong finalizer", "POST", path, {"metadata": {"name": "wrong", "finalizers": ["not qualified"]}})


def _graces(side: Side, path: str) -> None:
    for name, node in (("placed", "n"), ("free", "")):
        spec = {"containers": [{"name": "main", "image": "x:1"}]} | ({"nodeName": node} if node else {})
        side.ask(f"a pod, {name}", "POST", path, {"metadata": {"name": name}, "spec": spec})
    side.ask("delete a placed pod", "DELETE", f"{path}/placed")
    side.ask("a placed pod ends", "GET", f"{path}/placed")
    side.ask("delete a placed pod sooner", "DELETE", f"{path}/placed", {"gracePeriodSeconds": 5})
    side.ask("delete a placed pod later", "DELETE", f"{path}/placed", {"gracePeriodSeconds": 50})
    side.ask("delete a placed pod at once", "DELETE", f"{path}/placed", {"gracePeriodSeconds": 0})
    side.ask("delete a free pod", "DELETE", f"{path}/free?gracePeriodSeconds=30")
    side.ask("a pod without containers", "POST", path, {"metadata": {"name": "empty"}, "spec": {"containers": []}})
    side.ask(
        "a pod is replaced",
        "PUT",
        f"{path}/none",
        {"metadata": {"name": "none"}, "spec": {"containers": [{"name": "main", "image": "x:1"}]}},
    )


def _owners(side: Side, space: str) -> None:
    path = f"{space}/configmaps"
    for policy in ("Background", "Foreground", "Orphan"):
        owner = side.quietly("POST", path, {"metadata": {"name": f"owner-{policy.lower()}"}})
        reference = {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "name": owner["metadata"]["name"],
            "uid": owner["metadata"]["uid"],
        }
        name = f"owned-{policy.lower()}"
        side.ask(
            f"{policy}: an object with an owner",
            "POST",
            path,
            {"metadata": {"name": name, "ownerReferences": [reference]}},
        )
        side.ask(
            f"{policy}: delete the owner",
            "DELETE",
            f"{path}/{owner['metadata']['name']}",
            {"propagationPolicy": policy},
        )
    wrong = {
        "metadata": {"name": "wrong", "ownerReferences": [{"apiVersion": "v1", "kind": "", "name": "", "uid": ""}]}
    }
    side.ask("a wrong owner", "POST", path, wrong)


def _collections(side: Side, path: str) -> None:
    for name in ("many-1", "many-2", "many-3"):
        side.quietly("POST", path, {"metadata": {"name": name, "labels": {"many": name[-1]}}})
    side.ask("delete many, dry", "DELETE", f"{path}?labelSelector=many&dryRun=All")
    side.ask("delete many by label", "DELETE", f"{path}?labelSelector=many%20in%20(1,2)")
    side.ask("what is left of many", "GET", f"{path}?labelSelector=many")
    side.ask("delete many of none", "DELETE", f"{path}?labelSelector=none")
    side.ask("delete many of a kind that cannot", "DELETE", "/api/v1/namespaces/conform-writes/services/none")


def _immutable(side: Side, space: str) -> None:
    side.quietly("POST", f"{space}/configmaps", {"metadata": {"name": "fixed"}, "data": {"a": "1"}, "immutable": True})
    side.ask("change what is immutable", "PATCH", f"{space}/configmaps/fixed", {"data": {"a": "2"}}, Content_Type=MERGE)
    service = side.ask(
        "a service", "POST", f"{space}/services", {"metadata": {"name": "s"}, "spec": {"ports": [{"port": 80}]}}
    )
    side.ask(
        "a service is replaced",
        "PUT",
        f"{space}/services/s",
        service | {"spec": service["spec"] | {"selector": {"a": "b"}}},
    )
    side.ask("a service without ports", "POST", f"{space}/services", {"metadata": {"name": "t"}, "spec": {}})
    path = "/apis/apps/v1/namespaces/conform-writes/deployments/d"
    side.ask(
        "change a selector", "PATCH", path, {"spec": {"selector": {"matchLabels": {"a": "c"}}}}, Content_Type=MERGE
    )
    side.ask(
        "a deployment without selector",
        "POST",
        path.removesuffix("/d"),
        {"metadata": {"name": "e"}, "spec": {"template": TEMPLATE}},
    )
    side.ask("a namespace", "POST", "/api/v1/namespaces", {"metadata": {"name": "conform-more", "labels": {"a": "b"}}})
    side.ask(
        "a namespace's label",
        "PATCH",
        "/api/v1/namespaces/conform-more",
        {"metadata": {"labels": {"a": "c"}}},
        Content_Type=MERGE,
    )
    side.ask("delete a namespace", "DELETE", "/api/v1/namespaces/conform-more")
