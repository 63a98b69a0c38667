"""Files applied to clusters, object by object: server-side, so that what others own is refused, not overwritten."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from typing import Any, Literal
from urllib.parse import quote

import msgspec

from basefly.base.errors import BaseflyError, Denied, FieldError, Invalid, NotFound
from basefly.base.kube import errors as kube
from basefly.base.principal import Principal
from basefly.base.runtime.house import House
from basefly.base.text.document import dump
from basefly.core.audit.actions import failure
from basefly.core.editing import model, reading
from basefly.core.editing.model import Object
from basefly.core.editing.reading import Document, File
from basefly.core.gateway.proxy import asking
from basefly.core.gateway.verbs.model import MANAGER
from basefly.core.history.versions.difference import Line, difference
from basefly.core.inventory.sight import visible_clusters

MOST_CLUSTERS = 100
AT_ONCE = 8  # clusters side by side; within each the order counts
PATIENCE = 15.0  # s until a cluster serves a kind that was defined just now
APPLY = "application/apply-patch+yaml"

Outcome = Literal["created", "changed", "unchanged", "conflict", "refused", "failed"]

_FIRST = ("Namespace", "CustomResourceDefinition")  # what others stand on, in this order
_MANAGER = re.compile(r'conflict with "(?P<manager>.+?)"')


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """What is applied and where; `namespace` is for objects that name none."""

    files: list[File]
    clusters: list[str]
    namespace: str = "default"
    dry_run: bool = False
    take_over: bool = False


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """What came of one object in one cluster, and where in the files it stands.

    `change` are the lines that differ; `detail` and `cure` say why it was not applied, or what could not be tried.
    """

    cluster: str
    cluster_name: str
    file: str
    document: int
    line: int
    kind: str
    namespace: str
    name: str
    outcome: Outcome
    change: list[Line] = []
    detail: str = ""
    cure: str = ""


async def apply(house: House, by: Principal, wanted: Wanted) -> list[Result]:
    """Apply every object in every cluster, or only try to; the results cluster by cluster. Raises Invalid, NotFound."""
    if not 1 <= len(wanted.clusters) <= MOST_CLUSTERS:
        detail = f"Name 1 to {MOST_CLUSTERS} clusters."
        raise Invalid(detail, errors=(FieldError("/clusters", detail),))
    documents = ordered(await asyncio.to_thread(reading.read, wanted.files))
    async with house.db.transaction(by.org_id) as tx:
        found = await visible_clusters(tx, by, wanted.clusters)
    places = asyncio.Semaphore(AT_ONCE)

    async def at(cluster_id: str, name: str) -> list[Result]:
        async with places:
            return await _Cluster(house, by, wanted, (cluster_id, name)).apply(documents)

    results = await asyncio.gather(*(at(str(each.id), each.name) for each in found))
    return [result for several in results for result in several]


def ordered(documents: Sequence[Document]) -> list[Document]:
    """Namespaces, then definitions of kinds, then the rest as it stands."""
    ranks = {kind: place for place, kind in enumerate(_FIRST)}
    return sorted(documents, key=lambda each: ranks.get(each.object["kind"], len(_FIRST)))


class _Cluster:
    """One cluster that documents are applied to, and what is known of the kinds that it serves."""

    def __init__(self, house: House, by: Principal, wanted: Wanted, cluster: tuple[str, str]) -> None:
        self._house = house
        self._by = by
        self._wanted = wanted
        self._id, self._name = cluster
        self._served: dict[str, dict[str, Object]] = {}
        self._defined: set[str] = set()  # groups and kinds, namespaces: what documents before have made

    async def apply(self, documents: Sequence[Document]) -> list[Result]:
        return [await self._one(document) for document in documents]

    async def _one(self, document: Document) -> Result:
        whole = document.object
        meta = whole["metadata"]
        told: dict[str, Any] = {"namespace": meta.get("namespace") or ""}
        try:
            path, namespace = await self._path(whole)
            told["namespace"] = namespace
            told |= await self._applied(path, whole, namespace)
            self._defined.add(_made(whole))
        except BaseflyError as error:
            told |= self._untried(error, whole) or _contested(error) or await self._refused(error, whole)
        return Result(
            cluster=self._id,
            cluster_name=self._name,
            file=document.file,
            document=document.number,
            line=document.line,
            kind=whole["kind"],
            name=meta["name"],
            **told,
        )

    async def _path(self, whole: Object) -> tuple[str, str]:
        """Where the object is, and its namespace. Raises Invalid, and what the cluster says."""
        version, kind = whole["apiVersion"], whole["kind"]
        root = f"/apis/{version}" if "/" in version else f"/api/{version}"
        served = await self._kind(root, kind)
        name = quote(whole["metadata"]["name"], safe="")
        if not served["namespaced"]:
            return f"{root}/{served['name']}/{name}", ""
        namespace = whole["metadata"].get("namespace") or self._wanted.namespace
        return f"{root}/namespaces/{quote(namespace, safe='')}/{served['name']}/{name}", namespace

    async def _kind(self, root: str, kind: str) -> Object:
        """What the cluster says of a kind; one that was defined just now is waited for."""
        until = asyncio.get_running_loop().time() + PATIENCE
        while (found := (await self._kinds(root)).get(kind)) is None:
            new = _of_kind(root, kind) in self._defined and not self._wanted.dry_run
            if not new or asyncio.get_running_loop().time() > until:
                self._defined -= set() if self._wanted.dry_run else {_of_kind(root, kind)}  # waited for once
                detail = f"The cluster serves no {kind} of {root.partition('/')[2].partition('/')[2]}."
                raise NotFound(detail, cure="Apply what defines it first, or mend apiVersion and kind.")
            self._served.pop(root, None)
            await asyncio.sleep(0.3)
        return found

    async def _kinds(self, root: str) -> dict[str, Object]:
        if root not in self._served:
            try:
                listed = await asking.get(self._house, self._by, self._id, root)
            except kube.NotFound:
                return {}
            self._served[root] = {each["kind"]: each for each in listed["resources"] if "/" not in each["name"]}
        return self._served[root]

    async def _applied(self, path: str, whole: Object, namespace: str) -> dict[str, Any]:
        before = await self._live(path)
        config = {**whole, "metadata": {k: v for k, v in whole["metadata"].items() if k != "managedFields"}}
        if namespace:
            config["metadata"]["namespace"] = namespace
        query = f"?fieldManager={MANAGER}&fieldValidation=Strict"
        query += "&dryRun=All" if self._wanted.dry_run else ""
        query += "&force=true" if self._wanted.take_over else ""
        answer = await asking.ask(self._house, self._by, self._id, ("PATCH", path + query), body=config, media=APPLY)
        before, after = model.masked(before, model.editable(msgspec.json.decode(answer)))
        change = await asyncio.to_thread(difference, dump(before) if before else "", dump(after))
        outcome: Outcome = "created" if before is None else "changed" if change else "unchanged"
        return {"outcome": outcome, "change": change}

    async def _live(self, path: str) -> Object | None:
        try:
            return model.editable(await asking.get(self._house, self._by, self._id, path))
        except kube.NotFound:
            return None

    def _untried(self, error: BaseflyError, whole: Object) -> dict[str, Any]:
        """What could not be tried since a document before it would make way first: that is no failure."""
        namespace = f"Namespace/{whole['metadata'].get('namespace') or self._wanted.namespace}"
        needed = {namespace, _of_kind(f"/apis/{whole['apiVersion']}", whole["kind"])}
        if not (self._wanted.dry_run and isinstance(error, NotFound | kube.NotFound) and needed & self._defined):
            return {}
        change = difference("", dump(model.masked(None, whole)[1]))
        detail = "It could not be tried: what it needs is in these files, too."
        return {"outcome": "created", "change": change, "detail": detail}

    async def _refused(self, error: BaseflyError, whole: Object) -> dict[str, Any]:
        """Why the hub or the cluster did not take it; what the hub refused is on record here."""
        refused = isinstance(error, Denied | NotFound)
        if refused:
            path = f"clusters/{self._id}/{whole['kind']}/{whole['metadata']['name']}"
            await failure(self._house.db, self._by, error, method="POST", path=path)
        outcome: Outcome = "refused" if refused else "failed"
        return {"outcome": outcome, "detail": error.detail or error.title, "cure": error.cure}


def _contested(error: BaseflyError) -> dict[str, Any]:
    """Who owns what would change, if that is why the cluster said no."""
    named = error.details if isinstance(error, kube.Conflict) else ()
    owners = dict[str, list[str]]()
    for cause in named:
        if cause.reason == "FieldManagerConflict":
            owner = _MANAGER.search(cause.message)
            owners.setdefault(owner["manager"] if owner else "", []).append(cause.field)
    if not owners:
        return {}
    told = "; ".join(f"{manager} owns {', '.join(fields)}" for manager, fields in owners.items())
    cure = "Leave these fields out, or take them over."
    return {"outcome": "conflict", "detail": f"Others own what would change: {told}.", "cure": cure}


def _made(whole: Object) -> str:
    """What a document makes that others may need: a namespace, or a kind."""
    if whole["kind"] == "CustomResourceDefinition":
        spec = whole.get("spec") or {}
        return f"{spec.get('group')}/{(spec.get('names') or {}).get('kind')}"
    return f"{whole['kind']}/{whole['metadata']['name']}"


def _of_kind(root: str, kind: str) -> str:
    """As `_made` names a definition."""
    return f"{root.split('/')[2]}/{kind}"
