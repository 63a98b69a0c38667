"""The inventory for people: the page of one object."""

from __future__ import annotations

from basefly.base.principal import Principal
from basefly.base.runtime.house import House
from basefly.base.text.document import document
from basefly.base.web import Request, Response, get, render
from basefly.core.clusters.connections import Connections
from basefly.core.inventory import detail
from basefly.core.inventory.answers import READ
from basefly.core.inventory.display import facts
from basefly.core.inventory.display.address import list_path, object_path, part_path
from basefly.core.inventory.display.cells import moment
from basefly.core.inventory.display.drawing import drawing
from basefly.core.inventory.display.uses import uses
from basefly.core.inventory.display.why import why
from basefly.core.inventory.display.words import title_of


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
        row, pods = await detail.get_node(tx, by, found, shown.row)
    return render(
        request,
        "inventory/object.html",
        pods=[(pod, object_path(found.cluster.id, "pods", pod.namespace, pod.name)) for pod in pods],
        why=why(shown.object) if found.stream.resource == "pods" and shown.live else [],
        uses=uses(shown.object, found.cluster.id, namespace),
        graph_href=part_path(found.cluster.id, path.resource, namespace, name, "graph"),
        history_href=part_path(found.cluster.id, path.resource, namespace, name, "history"),
        cluster=found.cluster,
        resource=found.stream.resource,
        kind=found.stream.kind,
        plural=title_of(found.stream.kind),
        list_href=list_path(found.stream.resource),
        name=name,
        namespace=namespace,
        detail=shown,
        row=row,
        facts=facts.facts(row, found.kind.columns),
        conditions=facts.conditions(shown.object),
        containers=facts.containers(found.stream.resource, shown.object),
        family=facts.family(graph, found.row.uid if found.row else ""),
        events=[(event, moment(event.cells.get("last", ""))) for event in events],
        annotations=facts.remarks(shown.object),
        document=document(shown.object),
    )


@get("/clusters/{cluster:str}/objects/{resource:str}/{name:str}/graph", permission=READ, include_in_schema=False)
async def show_graph(
    request: Request, by: Principal, house: House, cluster: str, resource: str, name: str
) -> Response[str]:
    """What an object belongs to, what belongs to it, and what it leans on: drawn, and the same as lists."""
    namespace = request.query_params.get("namespace", "")
    path = detail.Path(cluster=cluster, resource=resource, namespace=namespace, name=name)
    shown = await detail.get_detail(house.db, by, house.get(Connections), path)
    async with house.db.transaction(by.org_id) as tx:
        found = await detail.find(tx, by, path)
        graph = await detail.get_graph(tx, by, path) if found.row else detail.Graph([], [])
        services = await detail.get_services(tx, by, found)
    branches = facts.family(graph, found.row.uid if found.row else "")
    return render(
        request,
        "inventory/graph.html",
        cluster=found.cluster,
        plural=title_of(found.stream.kind),
        list_href=list_path(found.stream.resource),
        name=name,
        namespace=namespace,
        detail=shown,
        href=object_path(found.cluster.id, found.stream.resource, namespace, name),
        history_href=part_path(found.cluster.id, found.stream.resource, namespace, name, "history"),
        family=branches,
        drawing=drawing(branches),
        uses=uses(shown.object, found.cluster.id, namespace),
        services=[(one, object_path(found.cluster.id, "services", one.namespace, one.name)) for one in services],
    )


HANDLERS = (
    show_object,
    show_graph,
)
