"""The inventory for people: lists of any kind over every cluster, and the page of one object."""

from __future__ import annotations

from itertools import groupby
from typing import Any

import msgspec

from basefly.base.db.transaction import Tx
from basefly.base.errors import Invalid, NotFound
from basefly.base.principal import Principal
from basefly.base.runtime.house import House
from basefly.base.web import Request, Response, get, redirect, render
from basefly.base.web.language import msg
from basefly.core.clusters.connections import Connections
from basefly.core.clusters.model import ClusterState
from basefly.core.inventory import answers, detail
from basefly.core.inventory.answers import READ, Facets, ListRequest, ResourceSummary
from basefly.core.inventory.display import facts
from basefly.core.inventory.display.address import WORKLOADS, Address, list_path
from basefly.core.inventory.display.cells import moment
from basefly.core.inventory.display.document import document
from basefly.core.inventory.display.listing import listing, plural
from basefly.core.inventory.model import ObjectPage
from basefly.core.sync import kinds
from basefly.core.sync.kind import Kind

COMMON = frozenset({"cluster", "namespace", "q", "labels", "status", "health", "sort", "cursor", "open"})
FAMILIES = {
    "workloads": msg("Workloads"),
    "network": msg("Network"),
    "config": msg("Configuration"),
    "storage": msg("Storage"),
    "access": msg("Access"),
    "cluster": msg("Cluster"),
    "custom": msg("Custom resources"),
}
NONE = ObjectPage(items=[], next=None, total=0, total_exact=True, as_of={}, missing=[])
NO_FACETS = Facets(status={}, health={}, cluster={}, namespace={})


class Choice(msgspec.Struct, frozen=True):
    """A filter picked from a list: options are pairs of value and label."""

    name: str
    label: str
    any: str
    options: list[tuple[str, str]]
    chosen: tuple[str, ...]


@get("/nodes", permission=READ, include_in_schema=False)
async def show_nodes(request: Request, tx: Tx, by: Principal) -> Response[str]:
    return await _list(request, tx, by, "nodes")


@get("/pods", permission=READ, include_in_schema=False)
async def show_pods(request: Request, tx: Tx, by: Principal) -> Response[str]:
    return await _list(request, tx, by, "pods")


@get("/events", permission=READ, include_in_schema=False)
async def show_events(request: Request, tx: Tx, by: Principal) -> Response[str]:
    return await _list(request, tx, by, "events")


@get("/workloads", permission=READ, include_in_schema=False)
async def show_workloads(request: Request, tx: Tx, by: Principal) -> Response[str]:
    return await _list(request, tx, by, WORKLOADS[0])


@get("/workloads/{resource:str}", permission=READ, include_in_schema=False)
async def show_workloads_of(request: Request, tx: Tx, by: Principal, resource: str) -> Response[str]:
    return await _list(request, tx, by, resource)


@get("/objects", permission=READ, include_in_schema=False)
async def show_kinds(request: Request, tx: Tx, by: Principal) -> Response[str]:
    """Every kind of the fleet, by family."""
    found = sorted(await answers.list_resources(tx, by), key=_family)
    families = [(FAMILIES.get(name, name), list(group)) for name, group in groupby(found, key=lambda r: r.family)]
    paths = {each.name: list_path(each.name) for each in found}
    return render(request, "inventory/kinds.html", families=families, paths=paths, connected=await _connected(tx, by))


@get("/objects/{resource:str}", permission=READ, include_in_schema=False)
async def show_objects(request: Request, tx: Tx, by: Principal, resource: str) -> Response[Any]:
    known = kinds.named(resource)
    home = list_path(known.resource if known else resource)
    if request.url.path != home and (known or not home.startswith("/objects/")):
        return redirect(f"{home}?{request.url.query}" if request.url.query else home)
    return await _list(request, tx, by, resource)


@get("/clusters/{cluster:str}/objects/{resource:str}/{name:str}", permission=READ, include_in_schema=False)
async def show_object(
    request: Request, by: Principal, house: House, cluster: str, resource: str, name: str
) -> Response[str]:
    """One object: live from its cluster, or as last known."""
    namespace = request.query_params.get("namespace", "")
    path = detail.Path(cluster=cluster, resource=resource, namespace=namespace, name=name)
    shown = await detail.get_detail(house.db, by, house.get(Connections), path)
    async with house.db.transaction(by.org_id) as tx:
        found = await detail.find(tx, by, path)
        graph = await detail.get_graph(tx, by, path) if found.row else detail.Graph([], [])
        events = await detail.get_events(tx, by, path)
    return render(
        request,
        "inventory/object.html",
        cluster=found.cluster,
        resource=found.stream.resource,
        kind=found.stream.kind,
        plural=_title(found.stream.kind),
        list_href=list_path(found.stream.resource),
        name=name,
        namespace=namespace,
        detail=shown,
        row=shown.row,
        facts=facts.facts(shown.row),
        conditions=facts.conditions(shown.object),
        containers=facts.containers(found.stream.resource, shown.object),
        family=facts.family(graph, found.row.uid if found.row else ""),
        events=[(event, moment(event.cells.get("last", ""))) for event in events],
        annotations=facts.remarks(shown.object),
        document=document(shown.object),
    )


async def _list(request: Request, tx: Tx, by: Principal, resource: str) -> Response[str]:
    clusters = await answers.visible_clusters(tx, by)
    asked = _asked(request, resource, clusters)
    mistake: Invalid | None = None
    try:
        page = await answers.list_objects(tx, by, asked)
    except Invalid as error:
        page, mistake = NONE, error
    resources = {each.name: each for each in await answers.list_resources(tx, by)}
    kind = _kind(resource, resources)
    counts = await answers.facets(tx, by, kind.resource, asked.cluster) if clusters else NO_FACETS
    address = Address(request.url.path, tuple(request.query_params.multi_items()))
    return render(
        request,
        "inventory/list.html",
        status=mistake.status if mistake else 200,
        kind=kind,
        title="Events" if kind.resource == "events" else _title(kind.kind),
        list=listing(kind, page, asked, address, counts),
        page=page,
        asked=asked,
        mistake=mistake,
        facets=counts,
        clusters=clusters,
        choices=_choices(asked, counts, [cluster.name for cluster in clusters]),
        extra=[(name, value) for name, value in address.query if name not in COMMON],
        tabs=_tabs(kind.resource, resources),
        topics=_topics(kind.resource, [c for c in clusters if not asked.cluster or c.name in asked.cluster]),
    )


def _choices(asked: ListRequest, counts: Facets, clusters: list[str]) -> list[Choice]:
    """The filters that are picked from what there is; one with nothing to pick from is left out."""
    namespaces = [name for name in sorted(counts.namespace) if name]
    statuses = [(word, f"{word} ({count:,})") for word, count in counts.status.items()]
    choices = (
        Choice("cluster", "Cluster", "All clusters", [(name, name) for name in clusters], asked.cluster),
        Choice("namespace", "Namespace", "All namespaces", [(name, name) for name in namespaces], asked.namespace),
        Choice("status", "Status", "Any status", statuses, asked.status),
    )
    return [choice for choice in choices if len(choice.options) > 1 or choice.chosen]


def _asked(request: Request, resource: str, clusters: list[ClusterState]) -> ListRequest:
    query = request.query_params
    names = {word: each.name for each in clusters for word in (each.name.lower(), str(each.id))}
    events = resource == "events"
    return ListRequest(
        resource=resource,
        cluster=tuple(names.get(word.lower(), word) for word in _given(query.getall("cluster", []))),
        namespace=_given(query.getall("namespace", [])),
        q=query.get("q", ""),
        labels=query.get("labels", ""),
        status=_given(query.getall("status", [])),
        health=_given(query.getall("health", [])),
        sort=query.get("sort") or ("-last" if events else "name"),
        cursor=query.get("cursor", ""),
        columns={name: value for name, value in query.items() if name not in COMMON and value},
    )


def _given(values: list[str]) -> tuple[str, ...]:
    return tuple(value for value in values if value)


def _kind(word: str, resources: dict[str, ResourceSummary]) -> Kind:
    """The kind that a plural, a kind or a short name stands for; NotFound when no cluster serves it."""
    if known := kinds.named(word):
        return known
    for each in resources.values():
        if word.lower() in (each.name, each.plural, each.kind.lower()):
            return kinds.by_resource(each.name, each.kind)
    raise NotFound(f"No cluster in sight serves a kind called {word!r}.", cure="See all kinds for what there is.")


def _topics(resource: str, clusters: list[ClusterState]) -> str:
    """What a list follows: one cluster is followed alone, several by their pattern."""
    place = str(clusters[0].id) if len(clusters) == 1 else "*"
    return f"inventory/{place}/{resource} clusters/{place}"


def _title(kind: str) -> str:
    words = plural(kind)
    return words[:1].upper() + words[1:]


def _tabs(resource: str, resources: dict[str, ResourceSummary]) -> list[tuple[str, str, int, bool]]:
    """The kinds of workload beside one another: label, address, count, and whether it is the one shown."""
    if resource not in WORKLOADS:
        return []
    return [
        (_title(kinds.by_resource(name, "").kind), list_path(name), resources[name].count, name == resource)
        for name in WORKLOADS
        if name in resources
    ]


def _family(resource: ResourceSummary) -> tuple[int, str]:
    order = list(FAMILIES)
    return order.index(resource.family) if resource.family in order else len(order), resource.kind


async def _connected(tx: Tx, by: Principal) -> bool:
    return bool(await answers.visible_clusters(tx, by))


HANDLERS = (
    show_nodes,
    show_pods,
    show_events,
    show_workloads,
    show_workloads_of,
    show_kinds,
    show_objects,
    show_object,
)
