"""Server-side apply: who owns what, what goes when its manager no longer says it, and what two contest."""

from __future__ import annotations

from typing import Any

from e2e.conformance.sides import Side

APPLY = "application/apply-patch+yaml"
Object = dict[str, Any]


def server_side(side: Side) -> None:
    path = side.namespace("conform-apply") + "/configmaps"
    _plain(side, path)
    _contested(side, path)
    _refused(side, path)
    _lists(side)


def _apply(side: Side, title: str, path: str, obj: Object, *, manager: str = "a", query: str = "") -> Any:
    return side.ask(title, "PATCH", f"{path}?fieldManager={manager}{query}", obj, Content_Type=APPLY)


def _map(**more: Any) -> Object:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "one"}} | more


def _plain(side: Side, path: str) -> None:
    one = f"{path}/one"
    _apply(side, "dry creation", one, _map(data={"a": "1"}), query="&dryRun=All")
    _apply(side, "creation", one, _map(data={"a": "1", "b": "1"}))
    _apply(side, "again", one, _map(data={"a": "1", "b": "1"}))
    _apply(side, "a changed value", one, _map(data={"a": "2", "b": "1"}))
    _apply(side, "a value less", one, _map(data={"a": "2"}))
    _apply(side, "another manager adds", one, _map(data={"c": "1"}), manager="b")
    _apply(side, "another manager shares", one, _map(data={"c": "1", "a": "2"}), manager="b")
    _apply(side, "the first lets go of what is shared", one, _map(), manager="a")
    _apply(side, "the second lets go too", one, _map(data={"c": "1"}), manager="b")
    labels = {"name": "one", "labels": {"x": "y"}, "annotations": {"n": "m"}}
    _apply(side, "labels and annotations", one, _map(metadata=labels))
    _apply(side, "a label less", one, _map(metadata={"name": "one", "labels": {"x": "y"}}))
    _apply(side, "dry", one, _map(data={"dry": "1"}), query="&dryRun=All")
    side.ask("applied", "GET", one)
    side.ask(
        "in YAML",
        "PATCH",
        f"{path}/yaml?fieldManager=a",
        "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: yaml\n",
        Content_Type=APPLY,
    )


def _contested(side: Side, path: str) -> None:
    two = f"{path}/two"
    named = {"metadata": {"name": "two"}}
    _apply(side, "to be contested", two, _map(**named, data={"a": "1"}))
    _apply(side, "contested", two, _map(**named, data={"a": "2"}), manager="b")
    _apply(side, "contested by force", two, _map(**named, data={"a": "2"}), manager="b", query="&force=true")
    change = {"data": {"a": "3", "free": "1"}}
    side.ask(
        "updated by another", "PATCH", f"{two}?fieldManager=c", change, Content_Type="application/merge-patch+json"
    )
    _apply(side, "contested with an update", two, _map(**named, data={"a": "4"}), manager="b")
    _apply(side, "the update by force", two, _map(**named, data={"a": "4"}), manager="b", query="&force=true")
    side.quietly("POST", path, {"metadata": {"name": "three"}, "data": {"a": "1"}})
    _apply(
        side, "the same on an object made plainly", f"{path}/three", _map(metadata={"name": "three"}, data={"a": "1"})
    )
    _apply(
        side,
        "more on an object made plainly",
        f"{path}/three",
        _map(metadata={"name": "three"}, data={"a": "1", "b": "2"}),
    )
    _apply(
        side, "another value on one made plainly", f"{path}/three", _map(metadata={"name": "three"}, data={"a": "9"})
    )


def _refused(side: Side, path: str) -> None:
    one = f"{path}/one"
    side.ask("no manager", "PATCH", one, _map(), Content_Type=APPLY)
    _apply(side, "another name", one, _map(metadata={"name": "other"}))
    _apply(side, "another kind", one, _map(kind="Secret"))
    _apply(side, "no kind", one, {"metadata": {"name": "one"}})
    _apply(side, "managed fields given", one, _map(metadata={"name": "one", "managedFields": [{"manager": "x"}]}))
    _apply(side, "an unknown member", one, _map(nothing=1))
    _apply(side, "an old version", one, _map(metadata={"name": "one", "resourceVersion": "1"}))
    side.ask("no YAML", "PATCH", f"{one}?fieldManager=a", "{", Content_Type=APPLY)
    side.ask("force without apply", "PATCH", f"{one}?force=true", {}, Content_Type="application/merge-patch+json")
    _apply(side, "in a namespace that is not there", "/api/v1/namespaces/none/configmaps/one", _map())


def _lists(side: Side) -> None:
    path = "/apis/apps/v1/namespaces/conform-apply/deployments/d"

    def deployment(containers: list[Object], **spec: Any) -> Object:
        template = {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": containers}}
        spec = {"selector": {"matchLabels": {"a": "b"}}, "template": template} | spec
        return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "d"}, "spec": spec}

    main, side_car = {"name": "main", "image": "x:1"}, {"name": "side", "image": "y:1"}
    _apply(side, "a deployment", path, deployment([main, side_car], replicas=0))
    ports = [{"containerPort": 80}, {"containerPort": 53, "protocol": "UDP"}, {"containerPort": 53, "protocol": "TCP"}]
    env = [{"name": "A", "value": "1"}]
    _apply(side, "ports and variables", path, deployment([main | {"ports": ports, "env": env}, side_car], replicas=0))
    _apply(side, "a container less", path, deployment([main | {"ports": ports[:1]}], replicas=0))
    _apply(side, "no replicas any more", path, deployment([main]))
    arguments = [main | {"args": ["a", "b"]}]
    _apply(side, "a list as a whole", path, deployment(arguments))
    _apply(side, "another list as a whole", path, deployment([main | {"args": ["c"]}]))
    service = "/api/v1/namespaces/conform-apply/services/s"
    spec = {"selector": {"a": "b"}, "ports": [{"name": "a", "port": 80}]}
    made = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "s"}}
    _apply(side, "a service", service, made | {"spec": spec})
    _apply(side, "a service's other port", service, made | {"spec": spec | {"ports": [{"name": "a", "port": 81}]}})
