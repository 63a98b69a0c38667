"""What is done to objects, for people: first what it would be, then the deed, with a result for each of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

import msgspec

from basefly.base.errors import BaseflyError, FieldError, Invalid, NotFound
from basefly.base.principal import Principal
from basefly.base.runtime.house import House
from basefly.base.slice import Offer
from basefly.base.web import Form, Request, Response, get, post, render
from basefly.base.web.language import t
from basefly.core.gateway.model import READ, WRITE
from basefly.core.gateway.verbs import keys, revisions
from basefly.core.gateway.verbs import offers as verbs
from basefly.core.gateway.verbs.model import VERBS, Name, Propagation, Wish, check
from basefly.core.gateway.verbs.offers import may, shown
from basefly.core.gateway.verbs.perform import MOST, Target, address, perform
from basefly.core.inventory import answers
from basefly.core.inventory.asking.request import ListRequest
from basefly.core.inventory.sight import visible_clusters

PARTS = 4  # of an object in an address: cluster, resource, namespace, name


def offers(by: Principal, path: str, query: Mapping[str, str]) -> list[Offer]:
    """What may be done to the object whose page this is; nothing on any other page."""
    target = shown(path, query)
    return verbs.offers(by, target) if target else []


@get("/object-changes", permission=WRITE, include_in_schema=False)
async def show_changes(request: Request, house: House, by: Principal) -> Response[str]:
    """What is to be done to which objects, and what it needs."""
    verb, asked = _verb(request.query_params.get("do", "")), request.query_params
    targets = _targets(asked.getall("object", []))
    if selected := [uid for uid in asked.getall("selected", []) if uid]:
        targets += await _selected(house, by, asked.get("resource", ""), selected[: MOST - len(targets)])
    more: dict[str, Any] = {}
    if verb == "rollback" and len(targets) == 1:
        place = await address(house, by, targets[0])
        found = await revisions.find(house, by, place)
        more["revision"] = found.wanted(_number(asked.get("revision", ""), "revision"))
    return await _page(request, house, by, verb, targets, **more)


@post("/object-changes", permission=WRITE, include_in_schema=False)
async def change_objects(request: Request, house: House, by: Principal, form: Form) -> Response[str]:
    """Do it, and tell how it went with each."""
    verb, targets = _verb(form.text("do")), _targets(form.all("object"))
    typed = form.raw("changes")
    try:
        wish = _wish(verb, form)
        for target in targets:
            check(wish, target.resource)
    except Invalid as mistake:
        return await _page(request, house, by, verb, targets, mistake=mistake, typed=typed)
    results = await perform(house, by, wish, targets)
    return await _page(request, house, by, verb, targets, results=results)


def _verb(text: str) -> Name:
    if text not in VERBS:
        raise NotFound("There is nothing of this name that can be done to objects.")
    return cast("Name", text)


async def _selected(house: House, by: Principal, resource: str, uids: Sequence[str]) -> list[Target]:
    """The objects that were ticked in a list, as far as they are in sight."""
    request = ListRequest(resource=resource, uids=tuple(uids), limit=MOST)
    async with house.db.transaction(by.org_id) as tx:
        found = (await answers.list_objects(tx, by, request)).items
    return [
        Target(cluster=str(one.cluster.id), resource=one.resource, namespace=one.namespace, name=one.name)
        for one in found
    ]


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
        revision=_number(form.text("revision"), "revision"),
        changes=keys.parse(line for line in form.raw("changes").splitlines() if line.strip()),
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
    lines = [(each.address, each, names.get(each.cluster, each.cluster), each.page()) for each in targets]
    return render(
        request,
        "gateway/changes.html",
        status=mistake.status if mistake else 200,
        key=verb,
        verb=VERBS[verb],
        lines=lines,
        results={each.object.address: each for each in more.get("results", ())},
        mistake=mistake,
        revision=more.get("revision"),
        typed=more.get("typed", ""),
    )


@get("/clusters/{cluster:str}/objects/{resource:str}/{name:str}/revisions", permission=READ, include_in_schema=False)
async def show_revisions(
    request: Request, house: House, by: Principal, cluster: str, resource: str, name: str
) -> Response[str]:
    """What a workload was before, and how that differs from what it is."""
    target = Target(cluster=cluster, resource=resource, namespace=request.query_params.get("namespace", ""), name=name)
    found = await revisions.find(house, by, await address(house, by, target))
    async with house.db.transaction(by.org_id) as tx:
        (state,) = await visible_clusters(tx, by, [cluster])
    known = msgspec.structs.replace(target, cluster=str(state.id))
    return render(
        request,
        "gateway/revisions.html",
        target=target,
        cluster=state,
        revisions=found.found,
        may_roll=may(by, WRITE, known),
        object=known.address,
        href=target.page(),
    )


HANDLERS = (show_changes, change_objects, show_revisions)
