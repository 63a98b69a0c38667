"""Drains, for people: what one would do, then how far it is, pod by pod, what is held back first."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

import msgspec

from basefly.base.db.transaction import Tx
from basefly.base.errors import BaseflyError, FieldError, Invalid
from basefly.base.facts import releases
from basefly.base.principal import Principal
from basefly.base.runtime.house import House
from basefly.base.slice import Offer
from basefly.base.web import Form, Request, Response, get, post, redirect, render
from basefly.base.web.language import t
from basefly.core.clusters import actions as clusters
from basefly.core.drains import actions, words
from basefly.core.drains.model import HOUR, Drain, Options, drainable, topic
from basefly.core.drains.reasons import of_place, of_pod
from basefly.core.gateway.model import READ, WRITE
from basefly.core.gateway.verbs.offers import shown

_FLAGS = ("force", "delete_emptydir_data", "uncordon_on_cancel")


def offers(by: Principal, path: str, query: Mapping[str, str]) -> list[Offer]:
    """On the page of a node: drain it."""
    found = shown(path, query)
    if found is None or found.resource != "nodes" or not _may_drain(by, found.cluster):
        return []
    return [Offer(t("Drain"), f"/clusters/{found.cluster}/drains/new?{urlencode({'node': found.name})}", "log-out")]


@get("/clusters/{cluster:str}/drains", permission=READ, include_in_schema=False)
async def show_drains(request: Request, house: House, tx: Tx, by: Principal, cluster: str) -> Response[str]:
    """The drains of a cluster, newest first."""
    found = await clusters.find(tx, by, cluster)
    cursor = request.query_params.get("cursor", "")
    listed, more = await actions.page(house, tx, by, cluster=str(found.id), cursor=cursor)
    return render(
        request,
        "drains/list.html",
        cluster=found,
        release=releases.release(found.version, datetime.now(UTC).date()),
        tab="drains",
        may_write=by.may(clusters.WRITE, found.id),
        may_drain=drainable(by, found.id),
        drains=listed,
        next=f"?{urlencode({'cursor': more})}" if more else "",
        states=words.drain_states(),
    )


@get("/clusters/{cluster:str}/drains/new", permission=WRITE, include_in_schema=False)
async def show_plan(request: Request, house: House, by: Principal, cluster: str) -> Response[str]:
    """What a drain of these nodes would do to each pod, and the form that orders it."""
    names = " ".join(request.query_params.getall("node", [])).replace(",", " ").split()
    return await _plan_page(request, house, by, cluster, names)


@post("/clusters/{cluster:str}/drains", permission=WRITE, include_in_schema=False)
async def start_drain(request: Request, house: House, by: Principal, cluster: str, form: Form) -> Response[Any]:
    """Order it, and follow it."""
    names = [name for name in form.all("node") if name]
    try:
        drain = await actions.start(house, by, cluster, names, _options(form))
    except BaseflyError as mistake:
        return await _plan_page(request, house, by, cluster, names, form=form, mistake=mistake)
    return redirect(_href(drain))


@get("/clusters/{cluster:str}/drains/{drain_id:uuid}", permission=READ, include_in_schema=False)
async def show_drain(request: Request, tx: Tx, by: Principal, cluster: str, drain_id: UUID) -> Response[str]:  # noqa: ARG001  # a drain knows its cluster
    """How far it is, and what to do about what is held back."""
    return await _page(request, tx, by, drain_id)


@post("/clusters/{cluster:str}/drains/{drain_id:uuid}", permission=WRITE, include_in_schema=False)
async def decide_drain(request: Request, house: House, by: Principal, drain_id: UUID, form: Form) -> Response[Any]:
    """Cancel or resume it, as the pressed button says."""
    act = actions.resume if form.text("act") == "resume" else actions.cancel
    try:
        async with house.db.transaction(by.org_id) as tx:
            drain = await act(tx, by, drain_id)
    except BaseflyError as mistake:
        async with house.db.transaction(by.org_id) as tx:
            return await _page(request, tx, by, drain_id, mistake=mistake)
    return redirect(_href(drain))


async def _plan_page(
    request: Request, house: House, by: Principal, cluster: str, names: list[str], **more: Any
) -> Response[str]:
    form: Form | None = more.get("form")
    mistake: BaseflyError | None = more.get("mistake")
    trouble: BaseflyError | None = None
    planned = []
    async with house.db.transaction(by.org_id) as tx:
        found = await clusters.find(tx, by, cluster)
    by.require(WRITE, found.id)
    if names:
        try:
            planned = await actions.plan(house, by, str(found.id), names, Options())
        except BaseflyError as error:
            trouble = error
    worst = mistake or trouble
    given = {name: bool(form and form.text(name)) for name in _FLAGS}
    typed = {name: form.text(name) if form else "" for name in ("grace", "timeout", "at_once")}
    return render(
        request,
        "drains/plan.html",
        status=worst.status if worst else 200,
        cluster=found,
        names=names,
        planned=planned,
        counts={verdict: sum(each.verdict == verdict for each in planned) for verdict in ("evict", "stay", "ask")},
        reasons={each.reason for each in planned if each.verdict == "ask"},
        verdicts=words.verdicts(),
        times=words.times(),
        given=given,
        typed=typed | {"timeout": typed["timeout"] or str(HOUR), "at_once": typed["at_once"] or "1"},
        mistake=mistake,
        trouble=trouble,
    )


async def _page(
    request: Request, tx: Tx, by: Principal, drain_id: UUID, *, mistake: BaseflyError | None = None
) -> Response[str]:
    found = await actions.whole(tx, by, drain_id)
    drain = found.drain
    pods = [(each, of_pod(each.reason, each.facts)) for each in found.pods]
    return render(
        request,
        "drains/drain.html",
        status=mistake.status if mistake else 200,
        drain=drain,
        why=of_place(drain.reason),
        nodes=[(each, of_place(each.reason)) for each in found.nodes],
        held=[(each, told) for each, told in pods if told.cure and each.state not in ("gone", "skipped")],
        pods=pods,
        states=words.drain_states(),
        node_states=words.node_states(),
        pod_states=words.pod_states(),
        topic=topic(drain),
        may_drain=drainable(by, drain.cluster_id),
        mistake=mistake,
    )


def _options(form: Form) -> Options:
    given: dict[str, Any] = {name: bool(form.text(name)) for name in _FLAGS}
    for name in ("grace", "timeout", "at_once"):
        if text := form.text(name).strip():
            if not text.isdecimal():
                detail = t("Give a whole number.")
                raise Invalid(detail, errors=(FieldError(f"/{name}", detail),))
            given[name] = int(text)
    try:
        return msgspec.convert(given, Options)
    except msgspec.ValidationError as error:
        raise Invalid(str(error)) from error


def _may_drain(by: Principal, cluster: str) -> bool:
    try:
        return drainable(by, UUID(cluster))
    except ValueError:
        return False


def _href(drain: Drain) -> str:
    return f"/clusters/{drain.cluster_id}/drains/{drain.id}"


HANDLERS = (show_drains, show_plan, start_drain, show_drain, decide_drain)
