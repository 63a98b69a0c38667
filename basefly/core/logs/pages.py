"""The pages of logs: of one object, and of pods with some labels over clusters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote, urlencode

from basefly.base.principal import Principal
from basefly.base.runtime.house import House
from basefly.base.slice import Offer
from basefly.base.web import Request, Response, get, render
from basefly.base.web.language import t
from basefly.core.gateway.model import READ
from basefly.core.gateway.verbs.offers import may, shown
from basefly.core.gateway.verbs.perform import Target
from basefly.core.inventory.sight import visible_clusters
from basefly.core.logs.sources import LOGGED, Selection, Sources, find, select

SCOPE = ("cluster", "set", "namespace")


def offers(by: Principal, path: str, query: Mapping[str, str]) -> list[Offer]:
    """On the page of an object that has a log: the log, for whoever may read there."""
    target = shown(path, query)
    if target is None or target.resource not in LOGGED or not may(by, READ, target):
        return []
    return [Offer(t("Logs"), target.page("logs"), "file-text", 10)]


@get("/clusters/{cluster:str}/objects/{resource:str}/{name:str}/logs", permission=READ, include_in_schema=False)
async def show_logs(
    request: Request, house: House, by: Principal, cluster: str, resource: str, name: str
) -> Response[str]:
    """What the containers of an object say, as they say it."""
    namespace = request.query_params.get("namespace", "")
    target = Target(cluster=cluster, resource=resource, namespace=namespace, name=name)
    sources = await find(house, by, target)
    async with house.db.transaction(by.org_id) as tx:
        (state,) = await visible_clusters(tx, by, [cluster])
    href = target.page()
    return _page(
        request,
        sources,
        f"/api/v1/clusters/{state.id}/objects/{quote(resource)}/{quote(name)}/log",
        [("namespace", namespace)],
        name=name,
        href=href,
        everywhere=_address("/logs", [("labels", sources.labels), ("namespace", namespace)]) if sources.labels else "",
        labels="",
        selecting=False,
        crumbs=[(state.name, f"/clusters/{state.id}"), (name, href)],
    )


@get("/logs", permission=READ, include_in_schema=False)
async def show_selected(request: Request, house: House, by: Principal) -> Response[str]:
    """What the pods with some labels say, in the clusters and namespaces in scope."""
    asked = request.query_params
    labels = asked.get("labels", "").strip()
    scope = [(name, value) for name in SCOPE for value in asked.getall(name, []) if value]
    clusters, sets, namespaces = (tuple(value for each, value in scope if each == name) for name in SCOPE)
    selection = Selection(labels=labels, cluster=clusters, set=sets, namespace=namespaces)
    sources = await select(house, by, selection) if labels else Sources(())
    return _page(
        request,
        sources,
        "/api/v1/logs",
        [("labels", labels), *scope],
        name=labels or t("pods"),
        href="/pods",
        crumbs=[(t("Pods"), "/pods")],
        labels=labels,
        selecting=True,
    )


def _page(request: Request, sources: Sources, api: str, kept: Sequence[tuple[str, str]], **more: Any) -> Response[str]:
    asked = request.query_params
    container, previous = asked.get("container", ""), asked.get("previous") == "true"
    live = {"previous": "true"} if previous else {"follow": "true"}
    tail = "1000" if len(sources.found) <= 1 else "200"
    return render(
        request,
        "logs/logs.html",
        sources=sources,
        containers=list(dict.fromkeys(each.container for each in sources.found)),
        container=container,
        previous=previous,
        kept=[pair for pair in kept if pair[1] and pair[0] != "labels"],
        stream=_address(api, kept, {"container": container, "timestamps": "true", "tail": tail} | live),
        file=_address(api, kept, {"container": container, "timestamps": "true", "tail": "100000"}),
        **more,
    )


def _address(path: str, kept: Sequence[tuple[str, str]], more: Mapping[str, str] | None = None) -> str:
    pairs = [*kept, *(more or {}).items()]
    return f"{path}?{urlencode([(name, value) for name, value in pairs if value])}"


HANDLERS = (show_logs, show_selected)
