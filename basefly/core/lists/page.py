"""The page of a list, whatever its kind: its address is its state."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import msgspec

from basefly.base.db.transaction import Tx
from basefly.base.principal import Principal
from basefly.base.web import Request, Response, redirect, render
from basefly.base.web.language import t
from basefly.base.web.language.formats import number
from basefly.core.clusters.model import ClusterState
from basefly.core.inventory import answers
from basefly.core.inventory.asking.facets import Facets
from basefly.core.inventory.asking.request import ListRequest, asked_kind
from basefly.core.inventory.display.address import WORKLOADS, Address, list_path
from basefly.core.inventory.display.words import title_of
from basefly.core.lists.finding import find
from basefly.core.lists.kept import SOON, Kept
from basefly.core.lists.listing import listing
from basefly.core.sync.store import streams

NOT_COLUMNS = frozenset(
    {"cluster", "set", "namespace", "q", "labels", "status", "health", "sort", "cursor", "columns", "selected"}
    | {"open", "format"}
)
FILTERED = ("q", "labels", "status", "health")
OFFERED = 12  # values of one facet; what is beyond is found by typing


Opening = Callable[[Tx, Principal, str], Awaitable[str]]


class Openings(list[Opening]):
    """Who may say what address the bare path of a list opens with ("" for the list as it is by itself)."""

    async def of(self, tx: Tx, by: Principal, path: str) -> str:
        """The first answer; only for a path of ours that leads to the same list."""
        for opening in self:
            if (address := await opening(tx, by, path)) and address.startswith(f"{path}?"):
                return address
        return ""


class Option(msgspec.Struct, frozen=True):
    """A value of a facet: how many it brings ("" where that is not known), whether it is chosen, the list with it."""

    value: str
    label: str
    count: str
    chosen: bool
    href: str
    number: int


class Group(msgspec.Struct, frozen=True):
    """A facet: its parameter, its name, the values that are offered, and how many more there are."""

    name: str
    label: str
    options: list[Option]
    more: int


async def list_page(request: Request, tx: Tx, by: Principal, resource: str) -> Response[Any]:
    """A list of any kind. What cannot be asked is told in place, with 422."""
    bare = not request.url.query and not request.headers.get("x-fragment")
    if bare and (opening := await request.house.get(Openings).of(tx, by, request.url.path)):
        return redirect(opening)
    clusters = await answers.visible_clusters(tx, by)
    kind = await asked_kind(tx, resource, clusters)
    asked = read(request, kind.resource, clusters)
    kept = request.house.get(Kept)
    shown = await find(kept, tx, by, asked, faceted=request.headers.get("x-fragment") != "list")
    address = Address(request.url.path, tuple(request.query_params.multi_items()))
    namespaced = await streams.is_namespaced(tx, kind.resource)
    laid_out = listing(kind, shown.found.page, asked, address, namespaced=namespaced, clusters=shown.found.clusters)
    return render(
        request,
        "lists/list.html",
        status=shown.mistake.status if shown.mistake else 200,
        kind=kind,
        title=t("Events") if kind.resource == "events" else title_of(kind.kind),
        said=where(asked),
        list=laid_out,
        page=shown.found.page,
        slow=shown.slow,
        asked=asked,
        mistake=shown.mistake,
        closest=shown.found.closest,
        closest_href=address.having(q=shown.found.closest),
        clusters=clusters,
        groups=_groups(asked, shown.facets, address),
        kept=[
            (name, value) for name, value in address.query if name not in (*FILTERED, "namespace", "cluster", "cursor")
        ],
        scoped=[(name, value) for name, value in address.query if name not in ("columns", "cursor")],
        all=[(name, value) for name, value in address.query if name not in ("cursor", "open")],
        tabs=await _tabs(kept, tx, by, kind.resource),
        topics=_topics(kind.resource, [c for c in clusters if not asked.cluster or c.name in asked.cluster]),
    )


def read(request: Request, resource: str, clusters: list[ClusterState]) -> ListRequest:
    """What an address asks for."""
    query = request.query_params
    named = _given(query.getall("cluster", []))
    names = {word: each.name for each in clusters for word in (each.name.lower(), str(each.id))} if named else {}
    return ListRequest(
        resource=resource,
        cluster=tuple(names.get(word.lower(), word) for word in named),
        set=_given(query.getall("set", [])),
        namespace=_given(query.getall("namespace", [])),
        q=query.get("q", ""),
        labels=query.get("labels", ""),
        status=_given(query.getall("status", [])),
        health=_given(query.getall("health", [])),
        sort=query.get("sort") or ("-last" if resource == "events" else "name"),
        cursor=query.get("cursor", ""),
        columns={name: value for name, value in query.items() if name not in NOT_COLUMNS and value},
        uids=_given(query.getall("selected", [])),
    )


def _given(values: list[str]) -> tuple[str, ...]:
    return tuple(value for value in values if value)


def where(asked: ListRequest) -> str:
    """Over which clusters a list goes, in words."""
    if asked.cluster:
        return t("In {clusters}", clusters=", ".join(asked.cluster))
    if asked.set:
        return t("In the clusters with {set}", set=t(" or ").join(asked.set))
    return t("Across all clusters")


def _groups(asked: ListRequest, facets: Facets, address: Address) -> list[Group]:
    """The facets; one with nothing to choose from is left out."""
    labels = {"status": t("Status"), "health": t("Health"), "namespace": t("Namespace"), "cluster": t("Cluster")}
    groups = []
    for name, label in labels.items():
        counts, picked = getattr(facets, name), getattr(asked, name)
        counts = {**counts, **{value: counts.get(value, 0) for value in picked}}
        counts.pop("", None)
        offered = [*picked, *(value for value in counts if value not in picked)][: max(OFFERED, len(picked))]
        if len(counts) > 1 or picked:
            options = [
                Option(
                    value,
                    words().get(value, value) if name == "health" else value,
                    number(counts[value]) if facets.exact else t("up to {count}", count=counts[value]),
                    value in picked,
                    address.having(**{name: value}),
                    counts[value],
                )
                for value in offered
            ]
            groups.append(Group(name, label, options, len(counts) - len(offered)))
    return groups


def words() -> dict[str, str]:
    """How each health is called."""
    return {"ok": t("Well"), "warn": t("Warning"), "bad": t("Failing"), "idle": t("Idle")}


def _topics(resource: str, clusters: list[ClusterState]) -> str:
    """What a list follows: one cluster is followed alone, several by their pattern."""
    place = str(clusters[0].id) if len(clusters) == 1 else "*"
    return f"inventory/{place}/{resource} clusters/{place}"


async def _tabs(kept: Kept, tx: Tx, by: Principal, resource: str) -> list[tuple[str, str, str, int | None]]:
    """What stands beside a list: of a workload the other kinds, of events their groups."""
    if resource == "events":
        return [("", t("Grouped"), "/events", None), ("events", t("Each event"), list_path("events"), None)]
    if resource in WORKLOADS:
        return [("", t("All"), "/workloads", None), *(await kept.of(tx, by, get_tabs, sooner=SOON))[0]]
    return []


async def get_tabs(tx: Tx, by: Principal) -> list[tuple[str, str, str, int]]:
    """The kinds of workload beside one another: resource, label, address, count."""
    ids = [c.id for c in await answers.visible_clusters(tx, by)]
    served = {each.resource: each.kind for each in await streams.get_served(tx, ids, WORKLOADS)}
    counts = await answers.count_by_resource(tx, by, ids, WORKLOADS)
    return [
        (name, title_of(served[name]), list_path(name), counts.get(name, 0)) for name in WORKLOADS if name in served
    ]
