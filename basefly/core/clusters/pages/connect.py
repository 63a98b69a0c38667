"""The wizard that connects clusters. What it knows is in its address, so that it can be left and taken up at any step.

Name → access → install (for whoever has no account for the hub yet) → verify. Credentials are never in an address.
"""

from __future__ import annotations

import asyncio
from typing import Any
from urllib.parse import urlencode

import msgspec

from basefly.base.errors import BaseflyError, Conflict, FieldError, Invalid
from basefly.base.kube import kubeconfig
from basefly.base.kube.kubeconfig import Context
from basefly.base.principal import Principal
from basefly.base.runtime.house import House
from basefly.base.web import Form, Request, Response, get, post, redirect, render
from basefly.base.web.language import t
from basefly.core.clusters import actions, manifest, model
from basefly.core.clusters.actions import WRITE, Given, Settings
from basefly.core.clusters.pages import forms
from basefly.core.clusters.pages.forms import MISTAKES

TYPED = ("name", "labels", "region", "provider")
AT_ONCE = 4  # contexts that are checked side by side
MOST = 50  # contexts in one go


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """How it went with one context: the cluster's id, or what is wrong and its cure. `there` is one that was there."""

    context: str
    cluster: str = ""
    there: str = ""
    wrong: str = ""
    cure: str = ""
    checks: list[dict[str, Any]] = []


@get("/connect", permission=WRITE, include_in_schema=False)
async def show_name(request: Request, by: Principal) -> Response[str]:
    """The first step: what it is to be called. Nothing of it is required."""
    by.require_everywhere(WRITE)
    return render(request, "clusters/connect/name.html", typed=_typed(request), step="name", steps=_steps(request))


@get("/connect/access", permission=WRITE, include_in_schema=False)
async def show_access(request: Request, by: Principal) -> Response[str]:
    """The second step: the credentials."""
    by.require_everywhere(WRITE)
    return _access(request, Given(), _typed(request))


@get("/connect/install", permission=WRITE, include_in_schema=False)
async def show_install(request: Request, by: Principal) -> Response[str]:
    """The third step, for whoever has no account for the hub: a manifest, and what it permits."""
    by.require_everywhere(WRITE)
    profile = request.query_params.get("profile", "view")
    profile = profile if profile in manifest.SAYS else "view"
    typed = _typed(request)
    return render(
        request,
        "clusters/connect/install.html",
        typed=typed,
        given=Given(),
        step="install",
        steps=_steps(request),
        profile=profile,
        profiles=_profiles(),
        rules=manifest.rules(profile),
        text=manifest.render(profile),
    )


@post("/connect", permission=WRITE, include_in_schema=False)
async def connect(request: Request, by: Principal, house: House, form: Form) -> Response[Any]:
    """Check what was given, and register each cluster that passes."""
    given = await forms.given(form)
    typed = {name: form.text(name) for name in TYPED}
    chosen = [name for name in form.all("context") if name.strip()]
    try:
        settings = _settings(given, typed)
        if given.kubeconfig and not chosen:
            contexts = await asyncio.to_thread(kubeconfig.read, given.kubeconfig)
            if len(contexts) > 1:
                return _access(request, given, typed, contexts=contexts)
        if len(chosen) > 1:
            return await _several(request, by, house, given, settings=settings, contexts=chosen)
        wanted = msgspec.structs.replace(given, context=chosen[0] if chosen else "")
        private = house.settings.private_clusters
        made = await actions.register(house.db, by, house.vault, wanted, settings, private=private)
    except MISTAKES as error:
        return _access(request, given, typed, mistake=error)
    return redirect(f"/connect/verify/{made.id}")


async def _several(
    request: Request, by: Principal, house: House, given: Given, *, settings: Settings, contexts: list[str]
) -> Response[str]:
    """Several contexts at once, each with its own result."""
    if len(contexts) > MOST:
        detail = t("At most {most} contexts can be connected at once.", most=MOST)
        raise Invalid(detail, errors=(FieldError("/context", detail),), cure=t("Choose fewer, then the others."))
    gate = asyncio.Semaphore(AT_ONCE)
    own = msgspec.structs.replace(settings, name=None)  # each takes its context's name

    async def one(context: str) -> Outcome:
        async with gate:
            wanted = msgspec.structs.replace(given, context=context)
            try:
                private = house.settings.private_clusters
                made = await actions.register(house.db, by, house.vault, wanted, own, private=private)
            except BaseflyError as error:
                return _failed(context, error)
            return Outcome(context=context, cluster=str(made.id))

    outcomes = await asyncio.gather(*[one(context) for context in contexts])
    return render(
        request, "clusters/connect/results.html", outcomes=outcomes, step="verify", steps=_behind(request), typed={}
    )


def _failed(context: str, error: BaseflyError) -> Outcome:
    there = str(error.extra.get("cluster", "")) if isinstance(error, Conflict) else ""
    checks = error.extra.get("checks", [])
    return Outcome(context=context, there=there, wrong=error.detail, cure=error.cure, checks=checks)


def _access(
    request: Request,
    given: Given,
    typed: dict[str, str],
    *,
    contexts: list[Context] | None = None,
    mistake: BaseflyError | None = None,
) -> Response[str]:
    return render(
        request,
        "clusters/connect/access.html",
        status=mistake.status if mistake else 200,
        given=given,
        typed=typed,
        contexts=contexts or [],
        mistake=mistake,
        there=mistake.extra.get("cluster", "") if mistake else "",
        checks=mistake.extra.get("checks", []) if mistake else [],
        step="access",
        steps=_steps(request, typed),
        install=_path("/connect/install", typed),
        again=_path("/connect/access", typed),
    )


def _settings(given: Given, typed: dict[str, str]) -> Settings:
    return Settings(
        name=typed["name"] or (None if given.kubeconfig else ""),
        labels=model.typed_labels(typed["labels"]),
        region=typed["region"] or None,
        provider=typed["provider"] or None,
        once=True,
    )


def _typed(request: Request) -> dict[str, str]:
    """What the address carries from the steps before."""
    return {name: request.query_params.get(name, "").strip()[:500] for name in TYPED}


def _steps(request: Request, typed: dict[str, str] | None = None) -> list[tuple[str, str]]:
    """Each step: what it is called, and its address with what is known so far."""
    known = _typed(request) if typed is None else typed
    return [
        (t("Name"), _path("/connect", known)),
        (t("Access"), _path("/connect/access", known)),
        (t("Install (if needed)"), _path("/connect/install", known)),
        (t("Verify"), ""),
    ]


def _behind(request: Request) -> list[tuple[str, str]]:
    """The steps behind whoever is connected: they cannot be gone back to."""
    return [(label, "") for label, _ in _steps(request)]


def _path(path: str, typed: dict[str, str], **more: str) -> str:
    query = [(name, value) for name, value in (typed | more).items() if value]
    return f"{path}?{urlencode(query)}" if query else path


def _profiles() -> list[tuple[str, str, str]]:
    """Each profile of an account, what it is called, and what it may do."""
    return [
        ("view", t("View only"), t("See everything but secrets, and change nothing.")),
        ("operate", t("Operate"), t("See everything but secrets; restart, scale, evict, cordon, and open terminals.")),
        ("admin", t("Admin"), t("Do everything: it is bound to cluster-admin.")),
    ]


HANDLERS = (show_name, show_access, show_install, connect)
