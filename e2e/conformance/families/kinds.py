"""One filled object of every built-in kind: made, given its status, read in every form, listed, and removed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from basefly.sim.kinds.catalog import Catalog
from basefly.sim.kinds.kind import Kind
from e2e.conformance.sides import Side

Object = dict[str, Any]
NAMESPACE = "conform-kinds"
TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io"
METADATA = "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io"
METADATA_LIST = "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io"
_OURS = "labelSelector=conform%3Dyes"


def every_kind(side: Side) -> None:
    side.namespace(NAMESPACE)
    objects = [(kind, obj) for obj in full_objects(NAMESPACE) if (kind := _kind(obj)) is not None]
    for kind, obj in objects:
        _make(side, kind, obj)
    for kind, obj in objects:
        _read(side, kind, obj["metadata"]["name"])
    for kind in {f"{kind.name}/{kind.version}": kind for kind, _ in objects}.values():
        _list(side, kind)
    for kind, obj in objects:
        options = {"propagationPolicy": "Background", "gracePeriodSeconds": 0}
        side.ask(f"{_title(kind, obj)}: delete", "DELETE", f"{path_of(kind)}/{obj['metadata']['name']}", options)


def full_objects(namespace: str) -> Iterator[Object]:
    text = Path(__file__).parent.parent.joinpath("objects.yaml").read_text()
    for obj in yaml.safe_load_all(text.replace("NAMESPACE", namespace)):
        obj["metadata"]["labels"] = {"conform": "yes"} | obj["metadata"].get("labels", {})
        yield obj


def path_of(kind: Kind, namespace: str = NAMESPACE) -> str:
    root = f"/apis/{kind.api_version}" if kind.group else f"/api/{kind.version}"
    return f"{root}/namespaces/{namespace}/{kind.plural}" if kind.namespaced else f"{root}/{kind.plural}"


def _kind(obj: Object) -> Kind | None:
    try:
        return Catalog().of(obj)
    except LookupError:
        return None


def _title(kind: Kind, obj: Object) -> str:
    return f"{kind.name} {kind.version} {obj['metadata']['name']}"


def _make(side: Side, kind: Kind, obj: Object) -> None:
    side.ask(f"{_title(kind, obj)}: create dry", "POST", f"{path_of(kind)}?dryRun=All", obj)
    side.ask(f"{_title(kind, obj)}: create", "POST", path_of(kind), obj)
    side.ask(f"{_title(kind, obj)}: create again", "POST", path_of(kind), obj)
    if kind.part("status") and "status" in obj:
        where = f"{path_of(kind)}/{obj['metadata']['name']}/status"
        change = {"status": obj["status"]}
        side.ask(f"{_title(kind, obj)}: status", "PATCH", where, change, Content_Type="application/merge-patch+json")


def _read(side: Side, kind: Kind, name: str) -> None:
    path, title = f"{path_of(kind)}/{name}", f"{kind.name} {kind.version} {name}"
    side.ask(f"{title}: get", "GET", path)
    side.ask(f"{title}: get as a table", "GET", path, Accept=TABLE)
    side.ask(f"{title}: get its metadata", "GET", path, Accept=METADATA)


def _list(side: Side, kind: Kind) -> None:
    title = f"{kind.name} {kind.version}"
    where = f"{path_of(kind)}?{_OURS}"
    side.ask(f"{title}: get what is not there", "GET", f"{path_of(kind)}/none")
    side.ask(f"{title}: list nothing", "GET", f"{path_of(kind)}?labelSelector=none")
    side.ask(f"{title}: list", "GET", where)
    side.ask(f"{title}: list as a table", "GET", where, Accept=TABLE)
    side.ask(f"{title}: list with whole objects in the table", "GET", f"{where}&includeObject=Object", Accept=TABLE)
    side.ask(f"{title}: list metadata", "GET", where, Accept=METADATA_LIST)
    if kind.namespaced:
        side.ask(f"{title}: list everywhere", "GET", f"{path_of(kind).replace(f'/namespaces/{NAMESPACE}', '')}?{_OURS}")
