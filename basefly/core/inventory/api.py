"""The inventory for programs: resources, lists, one object with its family and events, search."""

from __future__ import annotations

from typing import Annotated

import msgspec

from basefly.base.db.transaction import Tx
from basefly.base.principal import Principal
from basefly.base.runtime.house import House
from basefly.base.web import QueryParameter, Request, get
from basefly.core.clusters.connections import Connections
from basefly.core.inventory import answers, detail, model
from basefly.core.inventory.answers import READ, ListRequest
from basefly.core.inventory.model import InventoryObject, ObjectPage

RESERVED = frozenset({"cluster", "set", "namespace", "q", "labels", "status", "health", "sort", "limit", "cursor"})

Limit = Annotated[int, QueryParameter(ge=1, le=model.LARGEST_PAGE, description="How many objects at most.")]
Clusters = Annotated[
    list[str] | None,
    QueryParameter(name="cluster", description="Id or name; repeat it for several, leave it out for all."),
]
Sets = Annotated[
    list[str] | None,
    QueryParameter(
        name="set",
        description="A label selector over clusters, which also knows region, provider, version, health: env=prod.",
    ),
]
Query = Annotated[
    str, QueryParameter(description="The query language: web ns:shop -status:Running label:app=web restarts:>3.")
]
Namespaces = Annotated[list[str] | None, QueryParameter(name="namespace", description="Repeatable.")]
Selector = Annotated[
    str, QueryParameter(description="A label selector as kubectl reads it: app=web,tier in (front,back).")
]
Statuses = Annotated[list[str] | None, QueryParameter(name="status", description="Repeatable, for instance Running.")]
Healths = Annotated[list[str] | None, QueryParameter(name="health", description="Repeatable: ok, warn, bad, idle.")]
SortBy = Annotated[str, QueryParameter(description="A column; with a minus before it, descending.")]
KindName = Annotated[str, QueryParameter(description="Only objects of this kind: po, pods or Pod.")]
Cursor = Annotated[str, QueryParameter(description="`next` of the page before.")]


class ResourceList(msgspec.Struct):
    items: list[answers.ResourceSummary]


class ObjectList(msgspec.Struct):
    items: list[InventoryObject]


@get("/resources", permission=READ, replica=True, summary="Every resource of the fleet, with the columns of its lists")
async def list_resources(tx: Tx, by: Principal) -> ResourceList:
    return ResourceList(await answers.list_resources(tx, by))


@get(
    "/objects/{resource:str}",
    permission=READ,
    replica=True,
    summary="Objects of one kind over one cluster, some, or all",
)
async def list_objects(
    request: Request,
    tx: Tx,
    by: Principal,
    resource: str,
    cluster: Clusters = None,
    set: Sets = None,  # noqa: A002  # the name of the parameter in the address
    namespace: Namespaces = None,
    q: Query = "",
    labels: Selector = "",
    status: Statuses = None,
    health: Healths = None,
    sort: SortBy = "name",
    limit: Limit = model.PAGE,
    cursor: Cursor = "",
) -> ObjectPage:
    """Any other query parameter filters by the column of that name."""
    asked = ListRequest(
        resource=resource,
        cluster=tuple(cluster or ()),
        set=tuple(set or ()),
        namespace=tuple(namespace or ()),
        q=q,
        labels=labels,
        status=tuple(status or ()),
        health=tuple(health or ()),
        sort=sort,
        limit=limit,
        cursor=cursor,
        columns={name: value for name, value in request.query_params.items() if name not in RESERVED},
    )
    return await answers.list_objects(tx, by, asked)


@get(
    "/objects/{resource:str}/facets",
    permission=READ,
    replica=True,
    limit="expensive",
    summary="Counts by status, health, cluster and namespace",
)
async def get_facets(
    tx: Tx,
    by: Principal,
    resource: str,
    cluster: Clusters = None,
    set: Sets = None,  # noqa: A002  # the name of the parameter in the address
    namespace: Namespaces = None,
    q: Query = "",
    labels: Selector = "",
    status: Statuses = None,
    health: Healths = None,
) -> answers.Facets:
    """Each count is under all filters but those of its own dimension."""
    asked = ListRequest(
        resource=resource,
        cluster=tuple(cluster or ()),
        set=tuple(set or ()),
        namespace=tuple(namespace or ()),
        q=q,
        labels=labels,
        status=tuple(status or ()),
        health=tuple(health or ()),
    )
    return await answers.facets(tx, by, asked)


@get("/clusters/{cluster:str}/objects/{resource:str}/{name:str}", permission=READ, summary="One object, live")
async def get_object(
    by: Principal, house: House, cluster: str, resource: str, name: str, namespace: str = ""
) -> detail.ObjectDetail:
    path = detail.Path(cluster=cluster, resource=resource, namespace=namespace, name=name)
    return await detail.get_detail(house.db, by, house.get(Connections), path)


@get(
    "/clusters/{cluster:str}/objects/{resource:str}/{name:str}/graph",
    permission=READ,
    replica=True,
    summary="Its owner graph",
)
async def get_graph(tx: Tx, by: Principal, cluster: str, resource: str, name: str, namespace: str = "") -> detail.Graph:
    path = detail.Path(cluster=cluster, resource=resource, namespace=namespace, name=name)
    return await detail.get_graph(tx, by, path)


@get(
    "/clusters/{cluster:str}/objects/{resource:str}/{name:str}/events",
    permission=READ,
    replica=True,
    summary="Events about it",
)
async def get_events(tx: Tx, by: Principal, cluster: str, resource: str, name: str, namespace: str = "") -> ObjectList:
    path = detail.Path(cluster=cluster, resource=resource, namespace=namespace, name=name)
    return ObjectList(await detail.get_events(tx, by, path))


@get("/events", permission=READ, replica=True, summary="What the clusters say about their objects, latest first")
async def list_events(
    tx: Tx,
    by: Principal,
    cluster: Clusters = None,
    namespace: Namespaces = None,
    limit: Limit = model.PAGE,
    cursor: Cursor = "",
) -> ObjectPage:
    asked = ListRequest(
        resource="events",
        cluster=tuple(cluster or ()),
        namespace=tuple(namespace or ()),
        sort="-last",
        limit=limit,
        cursor=cursor,
    )
    return await answers.list_objects(tx, by, asked)


@get(
    "/search", permission=READ, replica=True, limit="expensive", summary="Clusters and objects of any kind, by a query"
)
async def search(tx: Tx, by: Principal, q: Query, kind: KindName = "", limit: Limit = 20) -> answers.SearchAnswer:
    return await answers.search(tx, by, q, limit, kind=kind)


HANDLERS = (
    list_resources,
    list_objects,
    get_facets,
    get_object,
    get_graph,
    get_events,
    list_events,
    search,
)
