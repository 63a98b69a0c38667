"""What is done to objects, for people: first what it would be, then the deed, with a result for each of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast
from urllib.parse import quote, urlencode
from uuid import UUID

import msgspec

from basefly.base.errors import BaseflyError, FieldError, Invalid, NotFound
from basefly.base.principal import Principal
from basefly.base.runtime.house import House
from basefly.base.web import Form, Request, Response, get, post, render
from basefly.base.web.language import t
from basefly.core.gateway.logs.sources import LOGGED, find
from basefly.core.gateway.model import READ, WRITE
from basefly.core.gateway.verbs.model import VERBS, Name, Propagation, Wish, asked, fits
from basefly.core.gateway.verbs.perform import MOST, Target, perform
from basefly.core.inventory.display.address import object_path
from basefly.core.inventory.sight import visible_clusters

PARTS = 4  # of an object in an address: cluster, resource, namespace, name


class Offer(msgspec.Struct, frozen=True):
    """A verb that somebody may do to the object of a page."""

    label: str
    href: str
    symbol: str


def offers(by: Principal, path: str, query: Mapping[str, str]) -> list[Offer]:
    """What may be done to the object whose page this is; nothing on any other page."""
    parts = path.strip("/").split("/")
    if len(parts) != 5 or parts[0] != "clusters" or parts[2] != "objects":
        return []
    _, cluster, _, resource, name = parts
    namespace = query.get("namespace", "")
    found = []
    if resource in LOGGED and _may(by, READ, cluster, namespace):
        found.append(Offer(t("Logs"), f"{path}/logs?{urlencode({'namespace': namespace})}", "file-text"))
    if not _may(by, WRITE, cluster, namespace):
        return found
    object_ = f"{cluster}/{resource}/{namespace}/{name}"
    return found + [
        Offer(t(verb.title), f"/object-changes?{urlencode({'do': key, 'object': object_})}", verb.symbol)
        for key, verb in VERBS.items()
        if fits(verb, resource)
    ]


@get("/object-changes", permission=WRITE, include_in_schema=False)
async def show_changes(request: Request, house: House, by: Principal) -> Response[str]:
    """What is to be done to which objects, and what it needs."""
    verb = _verb(request.query_params.get("do", ""))
    return await _page(request, house, by, verb, _targets(request.query_params.getall("object", [])))


@post("/object-changes", permission=WRITE, include_in_schema=False)
async def change_objects(request: Request, house: House, by: Principal, form: Form) -> Response[str]:
    """Do it, and tell how it went with each."""
    verb, targets = _verb(form.text("do")), _targets(form.all("object"))
    try:
        wish = _wish(verb, form)
        for target in targets:
            asked(wish, target.resource)
    except Invalid as mistake:
        return await _page(request, house, by, verb, targets, mistake=mistake)
    results = await perform(house, by, wish, targets)
    return await _page(request, house, by, verb, targets, results=results)


def _verb(text: str) -> Name:
    if text not in VERBS:
        raise NotFound("There is nothing of this name that can be done to objects.")
    return cast("Name", text)


def _targets(given: Sequence[str]) -> list[Target]:
    """Objects as they stand in addresses: CLUSTER/RESOURCE/NAMESPACE/NAME, the namespace empty where there is none."""
    found = []
    for text in given[:MOST]:
        parts = text.split("/")
        if len(parts) != PARTS:
            raise NotFound("There is no such object.")
        cluster, resource, namespace, name = parts
        found.append(Target(cluster=cluster, resource=resource, namespace=namespace, name=name))
    return found


def _wish(verb: Name, form: Form) -> Wish:
    return Wish(
        verb=verb,
        replicas=_number(form.text("replicas"), "replicas"),
        grace=_number(form.text("grace"), "grace"),
        propagation=cast("Propagation", form.text("propagation") or "background"),
    )


def _number(text: str, name: str) -> int | None:
    if not text.strip():
        return None
    if not text.strip().isdecimal():
        detail = t("Give a whole number.")
        raise Invalid(detail, errors=(FieldError(f"/{name}", detail),))
    return int(text)


async def _page(
    request: Request, house: House, by: Principal, verb: Name, targets: Sequence[Target], **more: Any
) -> Response[str]:
    async with house.db.transaction(by.org_id) as tx:
        names = {str(cluster.id): cluster.name for cluster in await visible_clusters(tx, by)}
    mistake: BaseflyError | None = more.get("mistake")
    lines = [(_address(each), each, names.get(each.cluster, each.cluster), _href(each)) for each in targets]
    return render(
        request,
        "gateway/changes.html",
        status=mistake.status if mistake else 200,
        key=verb,
        verb=VERBS[verb],
        lines=lines,
        results={_address(each.object): each for each in more.get("results", ())},
        mistake=mistake,
    )


def _address(target: Target) -> str:
    return f"{target.cluster}/{target.resource}/{target.namespace}/{target.name}"


def _href(target: Target) -> str:
    return object_path(target.cluster, target.resource, target.namespace, target.name)


def _may(by: Principal, permission: str, cluster: str, namespace: str) -> bool:
    try:
        return by.scope(permission).covers(UUID(cluster), namespace or None)
    except ValueError:
        return False


@get("/clusters/{cluster:str}/objects/{resource:str}/{name:str}/logs", permission=READ, include_in_schema=False)
async def show_logs(
    request: Request, house: House, by: Principal, cluster: str, resource: str, name: str
) -> Response[str]:
    """What its containers say, as they say it."""
    asked = request.query_params
    target = Target(cluster=cluster, resource=resource, namespace=asked.get("namespace", ""), name=name)
    sources = await find(house, by, target)
    container, previous = asked.get("container", ""), asked.get("previous") == "true"
    given = {"namespace": sources.namespace, "container": container, "timestamps": "true", "tail": "1000"}
    given |= {"previous": "true"} if previous else {"follow": "true"}
    async with house.db.transaction(by.org_id) as tx:
        (state,) = await visible_clusters(tx, by, [cluster])
    api = f"/api/v1/clusters/{sources.cluster}/objects/{quote(resource)}/{quote(name)}/log"
    return render(
        request,
        "gateway/logs.html",
        target=target,
        cluster=state,
        sources=sources,
        containers=list(dict.fromkeys(each.container for each in sources.found)),
        container=container,
        previous=previous,
        stream=f"{api}?{urlencode(given)}",
        file=f"{api}?{urlencode(given | {'follow': 'false', 'tail': '100000'})}",
        href=_href(target),
    )


HANDLERS = (show_changes, change_objects, show_logs)
