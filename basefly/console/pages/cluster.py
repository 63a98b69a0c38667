"""One cluster: its overview, and a tab each of what runs in it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import msgspec

from basefly.base.db.transaction import Tx
from basefly.base.facts import releases
from basefly.base.principal import Principal
from basefly.base.runtime.house import House
from basefly.base.web import Request, Response, get, render
from basefly.base.web.language import t
from basefly.console.capacity import Capacities
from basefly.console.cluster.summary import get_summary
from basefly.core.agents import actions as agents
from basefly.core.clusters import actions as clusters
from basefly.core.clusters.actions import READ, WRITE
from basefly.core.clusters.model import Cluster, ClusterState
from basefly.core.gateway import model as gateway
from basefly.core.inventory import answers
from basefly.core.inventory.answers import ListRequest
from basefly.core.inventory.display.address import about_path, list_path, object_path
from basefly.core.inventory.display.cells import Cell, cell
from basefly.core.inventory.model import InventoryObject, ObjectPage
from basefly.core.rights import actions as rights
from basefly.core.sync import kinds
from basefly.core.sync.kind import Column

SHOWN = 100
IN_THE_NAME = ("object", "message")  # of an event
# The tabs that list: the last part of their address, and the resources they show.
TABS = {
    "nodes": ("nodes",),
    "workloads": ("deployments.apps", "statefulsets.apps", "daemonsets.apps", "cronjobs.batch"),
    "events": ("events",),
    "namespaces": ("namespaces",),
}


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One object of a tab's list."""

    item: InventoryObject
    name: str
    note: str
    href: str
    cells: list[Cell]


class Listed(msgspec.Struct, frozen=True, kw_only=True):
    """A kind in a cluster: its first page, and where the whole list is."""

    id: str
    title: str
    path: str
    page: ObjectPage
    columns: list[Column]
    lines: list[Line]
    namespaced: bool


@get("/clusters/{cluster:str}", permission=READ, include_in_schema=False)
async def show_cluster(request: Request, tx: Tx, by: Principal, house: House, cluster: str) -> Response[str]:
    """How it fares, how full it is, what is wrong in it, and what the hub may not see."""
    found = await clusters.find(tx, by, cluster, removed=True)
    summary, usage, standing, agent = None, None, None, None
    if not found.removed_at and by.scope(answers.READ).sees(found.id):
        [state] = await answers.visible_clusters(tx, by, [str(found.id)])
        summary = await get_summary(tx, by, state)
        usage = await house.get(Capacities).of(tx, by, [found.id])
        standing = await rights.of_cluster(tx, state) if by.sight else None
        agent = await agents.of_cluster(tx, found.id)
    kubectl = by.scope(gateway.READ).sees(found.id)
    shown: dict[str, Any] = {"summary": summary, "usage": usage, "kubectl": kubectl, "rights": standing, "agent": agent}
    return render(request, "console/fleet/cluster.html", **_frame(by, found, ""), **shown)


@get("/clusters/{cluster:str}/nodes", permission=READ, include_in_schema=False)
async def show_nodes(request: Request, tx: Tx, by: Principal, cluster: str) -> Response[str]:
    """Its nodes."""
    return await _tab(request, tx, by, cluster, "nodes")


@get("/clusters/{cluster:str}/workloads", permission=READ, include_in_schema=False)
async def show_workloads(request: Request, tx: Tx, by: Principal, cluster: str) -> Response[str]:
    """Its workloads, by kind."""
    return await _tab(request, tx, by, cluster, "workloads")


@get("/clusters/{cluster:str}/events", permission=READ, include_in_schema=False)
async def show_events(request: Request, tx: Tx, by: Principal, cluster: str) -> Response[str]:
    """What it says about its objects."""
    return await _tab(request, tx, by, cluster, "events")


@get("/clusters/{cluster:str}/namespaces", permission=READ, include_in_schema=False)
async def show_namespaces(request: Request, tx: Tx, by: Principal, cluster: str) -> Response[str]:
    """Its namespaces."""
    return await _tab(request, tx, by, cluster, "namespaces")


async def _tab(request: Request, tx: Tx, by: Principal, cluster: str, tab: str) -> Response[str]:
    """What of one sort is in it, with the way to the whole list and its filters."""
    found = await clusters.find(tx, by, cluster)
    sight = await answers.visible_clusters(tx, by)
    lists = [await _list(tx, by, found.id, resource, sight) for resource in TABS[tab]]
    topics = " ".join(f"inventory/{found.id}/{resource}" for resource in TABS[tab])
    return render(request, "console/fleet/cluster-lists.html", **_frame(by, found, tab), lists=lists, topics=topics)


def _frame(by: Principal, cluster: Cluster, tab: str) -> dict[str, Any]:
    """What the frame of a cluster's pages says."""
    return {
        "cluster": cluster,
        "release": releases.release(cluster.version, datetime.now(UTC).date()),
        "tab": tab,
        "may_write": by.may(WRITE, cluster.id),
    }


async def _list(tx: Tx, by: Principal, cluster: UUID, resource: str, sight: Sequence[ClusterState]) -> Listed:
    """One page of a kind in a cluster, with the columns that fit anywhere."""
    kind = kinds.named(resource)
    if kind is None:
        raise ValueError(f"{resource} is no kind that is always there")
    sort = "-last" if resource == "events" else "name"
    asked = ListRequest(resource=resource, cluster=(str(cluster),), sort=sort, limit=SHOWN)
    page = await answers.list_objects(tx, by, asked, sight=sight)
    columns = [column for column in kind.columns if not column.wide and column.name not in IN_THE_NAME]
    return Listed(
        id=kind.kind.lower(),
        title=_title(resource),
        path=list_path(resource),
        page=page,
        columns=columns,
        lines=[_line(item, columns) for item in page.items],
        namespaced=any(item.namespace for item in page.items),
    )


def _line(item: InventoryObject, columns: Sequence[Column]) -> Line:
    about = str(item.cells.get("object", "")) if item.resource == "events" else ""
    return Line(
        item=item,
        name=about or item.name,
        note=str(item.cells.get("message", "")) if about else "",
        href=about_path(item.cluster.id, about, item.namespace)
        if about
        else object_path(item.cluster.id, item.resource, item.namespace, item.name),
        cells=[cell(column, item.cells.get(column.name)) for column in columns],
    )


def _title(resource: str) -> str:
    titles = {
        "nodes": t("Nodes"),
        "deployments.apps": t("Deployments"),
        "statefulsets.apps": t("Stateful sets"),
        "daemonsets.apps": t("Daemon sets"),
        "cronjobs.batch": t("Cron jobs"),
        "events": t("Events"),
        "namespaces": t("Namespaces"),
    }
    return titles[resource]


HANDLERS = (show_cluster, show_nodes, show_workloads, show_events, show_namespaces)
