"""What is done to objects, for people: first what it would be, then the deed, with a result for each of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast
from urllib.parse import urlencode
from uuid import UUID

import msgspec

from basefly.base.errors import BaseflyError, FieldError, Invalid, NotFound
from basefly.base.principal import Principal
from basefly.base.runtime.house import House
from basefly.base.web import Form, Request, Response, get, post, render
from basefly.base.web.language import t
from basefly.core.gateway.model import WRITE
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
    dangerous: bool


def offers(by: Principal, path: str, query: Mapping[str, str]) -> list[Offer]:
    """What may be done to the object whose page this is; nothing on any other page."""
    parts = path.strip("/").split("/")
    if len(parts) != 5 or parts[0] != "clusters" or parts[2] != "objects":
        return []
    _, cluster, _, resource, name = parts
    namespace = query.get("namespace", "")
    if not _may(by, cluster, namespace):
        return []
    object_ = f"{cluster}/{resource}/{namespace}/{name}"
    return [
        Offer(
            t(verb.title), f"/object-changes?{urlencode({'do': key, 'object': object_})}", verb.symbol, verb.dangerous
        )
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


def _may(by: Principal, cluster: str, namespace: str) -> bool:
    try:
        return by.scope(WRITE).covers(UUID(cluster), namespace or None)
    except ValueError:
        return False


HANDLERS = (show_changes, change_objects)
