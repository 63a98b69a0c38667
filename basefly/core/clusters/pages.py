"""The clusters for people: the list, one cluster, and the way to connect one."""

from __future__ import annotations

import asyncio
from typing import Any
from urllib.parse import urlencode

import msgspec

from basefly.base.db.transaction import Tx
from basefly.base.errors import BaseflyError, Conflict, Invalid, Malformed
from basefly.base.kube import kubeconfig
from basefly.base.kube.kubeconfig import Context
from basefly.base.principal import Principal
from basefly.base.runtime.house import House
from basefly.base.web import Form, Request, Response, get, post, redirect, render
from basefly.core.clusters import actions, manifest
from basefly.core.clusters.actions import READ, WRITE, Counts, Given, Settings
from basefly.core.clusters.store import Wanted

SHOWN = 100  # clusters a page
HEADERS = (
    ("Name", "name"), ("Health", "health"), ("Region", "region"), ("Provider", "provider"), ("Version", "version"),
)  # fmt: skip
HEALTHS = ("healthy", "degraded", "unreachable", "unknown")
MISTAKES = (Invalid, Malformed, Conflict)  # what a form can be wrong about


@get("/clusters", permission=READ, include_in_schema=False)
async def list_clusters(request: Request, tx: Tx, by: Principal, house: House) -> Response[str]:
    """Every cluster in sight, the sick ones findable at a glance."""
    asked = request.query_params
    sort = asked.get("sort", "name")
    wanted = Wanted(
        text=asked.get("q", "").strip(),
        health=[health for health in asked.getall("health", []) if health],
        removed=asked.get("removed") == "true",
        sort=sort.removeprefix("-"),
        descending=sort.startswith("-"),
        limit=SHOWN,
    )
    page = await actions.page(tx, by, wanted, cursor=asked.get("cursor", ""), counts=house.get(Counts))
    return render(
        request,
        "clusters/list.html",
        page=page,
        wanted=wanted,
        headers=[_header(title, column, wanted) for title, column in HEADERS],
        following=_path(wanted, cursor=page.next) if page.next else "",
        first=_path(wanted) if asked.get("cursor") else "",
        healths=[(health, health.capitalize()) for health in HEALTHS],
        may_write=by.may(WRITE),
        filtered=bool(wanted.text or wanted.health),
    )


@get("/clusters/{cluster:str}", permission=READ, include_in_schema=False)
async def show_cluster(request: Request, tx: Tx, by: Principal, house: House, cluster: str) -> Response[str]:
    """One cluster: how it fares, where it is, what runs in it, and what can be done with it."""
    return await _cluster(request, tx, by, house, cluster)


@post("/clusters/{cluster:str}", permission=WRITE, include_in_schema=False)
async def change_cluster(
    request: Request, tx: Tx, by: Principal, house: House, form: Form, cluster: str
) -> Response[Any]:
    """Rename, label, relocate."""
    typed = {name: form.text(name) for name in ("name", "region", "provider", "labels")}
    settings = Settings(name=typed["name"], region=typed["region"], provider=typed["provider"])
    try:
        settings = msgspec.structs.replace(settings, labels=_labels(typed["labels"]))
        changed = await actions.change(tx, by, cluster, settings)
    except MISTAKES as error:
        return await _cluster(request, tx, by, house, cluster, typed=typed, mistake=error)
    return redirect(f"/clusters/{changed.id}")


@post("/clusters/{cluster:str}/credentials", permission=WRITE, include_in_schema=False)
async def rotate_credentials(request: Request, by: Principal, house: House, form: Form, cluster: str) -> Response[Any]:
    """Give new credentials."""
    given = await _given(form)
    private = house.settings.private_clusters
    try:
        changed = await actions.rotate(house.db, by, house.vault, cluster, given, private=private)
    except MISTAKES as error:
        async with house.db.transaction(by.org_id) as tx:
            return await _cluster(request, tx, by, house, cluster, given=given, refused=error)
    return redirect(f"/clusters/{changed.id}")


@post("/clusters/{cluster:str}/removals", permission=WRITE, include_in_schema=False)
async def remove_cluster(by: Principal, house: House, cluster: str) -> Response[Any]:
    """Remove; the page of the removed cluster offers to restore it."""
    await actions.remove(house.db, by, cluster)
    return redirect(f"/clusters/{cluster}")


@post("/clusters/{cluster:str}/restorations", permission=WRITE, include_in_schema=False)
async def restore_cluster(by: Principal, house: House, cluster: str) -> Response[Any]:
    """Restore."""
    restored = await actions.restore(house.db, by, cluster)
    return redirect(f"/clusters/{restored.id}")


@get("/connect", permission=WRITE, include_in_schema=False)
async def show_connect(request: Request) -> Response[str]:
    """The form that connects a cluster."""
    return _connect(request, Given(), {})


@post("/connect", permission=WRITE, include_in_schema=False)
async def connect(request: Request, by: Principal, house: House, form: Form) -> Response[Any]:
    """Check what was given, and register the cluster if all is well."""
    given = await _given(form)
    typed = {name: form.text(name) for name in ("name", "labels", "region", "provider")}
    try:
        if given.kubeconfig and not given.context:
            contexts = await asyncio.to_thread(kubeconfig.read, given.kubeconfig)
            if len(contexts) > 1:
                return _connect(request, given, typed, contexts=contexts)
        settings = Settings(
            name=typed["name"] or (None if given.kubeconfig else ""),
            labels=_labels(typed["labels"]),
            region=typed["region"] or None,
            provider=typed["provider"] or None,
        )
        private = house.settings.private_clusters
        made = await actions.register(house.db, by, house.vault, given, settings, private=private)
    except MISTAKES as error:
        return _connect(request, given, typed, mistake=error)
    return redirect(f"/clusters/{made.id}")


def _connect(
    request: Request,
    given: Given,
    typed: dict[str, str],
    *,
    contexts: list[Context] | None = None,
    mistake: BaseflyError | None = None,
) -> Response[str]:
    return render(
        request,
        "clusters/connect.html",
        status=mistake.status if mistake else 200,
        given=given,
        typed=typed,
        contexts=contexts or [],
        mistake=mistake,
        checks=mistake.extra.get("checks", []) if mistake else [],
        manifests=[(profile, says) for profile, says in manifest.SAYS.items()],
    )


async def _cluster(
    request: Request,
    tx: Tx,
    by: Principal,
    house: House,
    cluster: str,
    **mistakes: Any,
) -> Response[str]:
    found = await actions.find(tx, by, cluster, removed=True)
    counts = await house.get(Counts).of(tx, [found.id])
    wrong: BaseflyError | None = mistakes.get("mistake") or mistakes.get("refused")
    labels = " ".join(f"{key}={value}" if value else key for key, value in found.labels.items())
    typed = mistakes.get("typed") or {
        "name": found.name, "region": found.region, "provider": found.provider, "labels": labels,
    }  # fmt: skip
    return render(
        request,
        "clusters/show.html",
        status=wrong.status if wrong else 200,
        cluster=found,
        counts=counts.get(found.id, {}),
        typed=typed,
        given=mistakes.get("given", Given()),
        mistake=mistakes.get("mistake"),
        refused=mistakes.get("refused"),
        checks=wrong.extra.get("checks", []) if wrong else [],
        may_write=by.may(WRITE, found.id),
    )


async def _given(form: Form) -> Given:
    uploaded = (await form.file("file")).decode("utf-8", "replace")
    return Given(
        kubeconfig=uploaded or form.text("kubeconfig"),
        context=form.text("context"),
        server=form.text("server"),
        ca=form.text("ca"),
        token=form.text("token"),
    )


def _labels(text: str) -> dict[str, str]:
    """Labels as people type them: key=value, separated by spaces, commas or lines."""
    pairs = [part.partition("=") for part in text.replace(",", " ").split()]
    return {key: value for key, _, value in pairs}


def _header(title: str, column: str, wanted: Wanted) -> tuple[str, str, str]:
    """A column's title, where its head leads, and how it is sorted now."""
    here = wanted.sort == column
    other = msgspec.structs.replace(wanted, sort=column, descending=here and not wanted.descending)
    return title, _path(other), ("descending" if wanted.descending else "ascending") if here else "none"


def _path(wanted: Wanted, cursor: str = "") -> str:
    query: list[tuple[str, str]] = [("q", wanted.text)] if wanted.text else []
    query += [("health", health) for health in wanted.health]
    if wanted.removed:
        query.append(("removed", "true"))
    if wanted.sort != "name" or wanted.descending:
        query.append(("sort", ("-" if wanted.descending else "") + wanted.sort))
    if cursor:
        query.append(("cursor", cursor))
    return "/clusters" + (f"?{urlencode(query)}" if query else "")


HANDLERS = (
    list_clusters,
    show_cluster,
    change_cluster,
    rotate_credentials,
    remove_cluster,
    restore_cluster,
    show_connect,
    connect,
)
