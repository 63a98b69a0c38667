"""Namespaces for people: by name over clusters, and one of them in one cluster."""

from __future__ import annotations

from basefly.base.db.transaction import Tx
from basefly.base.principal import Principal
from basefly.base.runtime.house import House
from basefly.base.web import Request, Response, get, render
from basefly.core.inventory.answers import READ, visible_clusters
from basefly.core.inventory.display.address import Address, about_path, list_path, object_path
from basefly.core.inventory.display.cells import moment
from basefly.core.inventory.display.words import title_of
from basefly.core.inventory.model import InventoryObject
from basefly.core.lists.kept import Kept, oldest
from basefly.features.namespaces import answers, model
from basefly.features.namespaces.answers import RESOURCES, NamespaceRequest

FILTERS = ("q", "cluster", "full")
CLUSTERS_SAID = 3


@get("/namespaces", permission=READ, replica=True, include_in_schema=False)
async def show_namespaces(request: Request, tx: Tx, by: Principal, house: House) -> Response[str]:
    """Every namespace of the fleet, by name."""
    query = request.query_params
    asked = NamespaceRequest(
        cluster=tuple(word for word in query.getall("cluster", []) if word),
        q=query.get("q", ""),
        full=bool(query.get("full")),
        cursor=query.get("cursor", ""),
    )
    (page, coverage), slow = await house.get(Kept).of(
        tx, by, answers.list_namespaces, asked, oldest=oldest(request, "list")
    )
    every = await visible_clusters(tx, by)
    address = Address(request.url.path, tuple(query.multi_items()))
    return render(
        request,
        "namespaces/list.html",
        page=page,
        slow=slow,
        asked=asked,
        said=CLUSTERS_SAID,
        connected=bool(every),
        clusters=[(one.name, one.name) for one in every],
        filtered=[name for name in FILTERS if getattr(asked, name)],
        bounded=any(one.quotas or one.limit_ranges for one in page.items),
        owned=any(one.owner for one in page.items),
        first=address.having() if asked.cursor else "",
        following=address.having(cursor=page.next) if page.next else "",
        topics=coverage.topics(*RESOURCES),
    )


@get("/clusters/{cluster:str}/namespaces/{name:str}", permission=READ, replica=True, include_in_schema=False)
async def show_namespace(request: Request, tx: Tx, by: Principal, cluster: str, name: str) -> Response[str]:
    """One namespace of one cluster: what is in it, what it may take, and what is wrong."""
    detail = await answers.get_namespace(tx, by, cluster, name)
    named = await answers.get_kinds(tx, detail.cluster.id)
    where = f"?cluster={detail.cluster.name}&namespace={name}"
    counts = [
        (title_of(named.get(each.resource, each.resource)), each, f"{list_path(each.resource)}{where}")
        for each in detail.counts
    ]
    return render(
        request,
        "namespaces/show.html",
        detail=detail,
        counts=sorted(counts, key=lambda count: count[0].casefold()),
        workloads=[(each, _path(each)) for each in await answers.get_workloads(tx, by, detail)],
        quotas=[(quota, model.meters(quota)) for quota in detail.quotas],
        problems=[(each, _path(each)) for each in detail.problems],
        events=[(each, *_about(each)) for each in detail.events],
        topics=f"inventory/{detail.cluster.id}/* clusters/{detail.cluster.id}",
    )


def _path(one: InventoryObject) -> str:
    return object_path(one.cluster.id, one.resource, one.namespace, one.name)


def _about(event: InventoryObject) -> tuple[str, object]:
    about = str(event.cells.get("object", ""))
    return about_path(event.cluster.id, about, event.namespace), moment(event.cells.get("last", ""))


HANDLERS = (show_namespaces, show_namespace)
