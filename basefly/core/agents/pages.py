"""Agents as pages: a cluster connected by agent, step by step; and which agents there are."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from basefly.base.db.transaction import Tx
from basefly.base.errors import BaseflyError, Conflict, Invalid, NotFound
from basefly.base.principal import Principal
from basefly.base.runtime.house import House
from basefly.base.web import Form, Request, Response, get, post, redirect, render
from basefly.base.web.language import t
from basefly.core.agents import actions, keys, manifest, store
from basefly.core.agents.model import Enrolment, Profile, Wishes
from basefly.core.clusters import actions as clusters
from basefly.core.clusters import model
from basefly.core.clusters.actions import READ, WRITE

_MISTAKES = (Invalid, Conflict)
_PROFILES: tuple[Profile, ...] = ("view", "operate", "admin")


@get("/connect/agent", permission=WRITE, include_in_schema=False)
async def show_wish(request: Request, house: House, tx: Tx, by: Principal, cluster: str = "") -> Response[str]:
    """The first step: what the cluster is to be called, or which one gets an agent; and what the agent may do."""
    by.require_everywhere(WRITE)
    found = await clusters.find(tx, by, cluster) if cluster else None
    return await _wish(request, house, tx, by, {"cluster": str(found.id) if found else "", "profile": "view"})


@post("/connect/agent", permission=WRITE, include_in_schema=False)
async def create_token(request: Request, house: House, by: Principal, form: Form) -> Response[str]:
    """The second step: the commands, with a token that is shown this once."""
    typed = {name: form.text(name) for name in ("cluster", "name", "labels", "region", "provider", "profile")}
    typed["approval"] = form.text("approval") or "true"
    profile: Profile = next((each for each in _PROFILES if each == typed["profile"]), "view")
    async with house.db.transaction(by.org_id) as tx:
        try:
            wishes = Wishes(
                name=typed["name"],
                labels=model.typed_labels(typed["labels"]),
                region=typed["region"] or None,
                provider=typed["provider"] or None,
            )
            wish = Enrolment(wishes=wishes, cluster=typed["cluster"], approval=typed["approval"] != "false")
            async with tx.attempt():
                made = await actions.create_token(house, tx, by, wish)
        except _MISTAKES as mistake:
            return await _wish(request, house, tx, by, typed, mistake=mistake)
        hub = await keys.of(house, tx)
    return render(
        request,
        "agents/install.html",
        token=made,
        profile=profile,
        text=manifest.render(profile, house.settings.url, keys.told(hub.public), made.token),
        rules=manifest.rules(profile),
        step=1,
        steps=_steps(),
    )


@get("/connect/agent/{token_id:uuid}", permission=WRITE, include_in_schema=False)
async def show_waiting(request: Request, tx: Tx, by: Principal, token_id: UUID) -> Response[Any]:
    """The third step, live: until the agent is there, and until somebody has approved it."""
    return await _waiting(request, tx, by, token_id)


@post("/connect/agent/{token_id:uuid}", permission=WRITE, include_in_schema=False)
async def decide_waiting(request: Request, house: House, by: Principal, form: Form, token_id: UUID) -> Response[Any]:
    """Approve the agent that came with the token, or refuse it."""
    async with house.db.transaction(by.org_id) as tx:
        by.require_everywhere(WRITE)
        found = await store.get_by_token(tx, token_id)
    if found is None:
        raise NotFound("No agent has come with this token yet.")
    try:
        cluster = await _decide(house, by, found.id, form.text("act"))
    except _MISTAKES as mistake:
        async with house.db.transaction(by.org_id) as tx:
            return await _waiting(request, tx, by, token_id, mistake=mistake)
    return redirect(f"/connect/verify/{cluster}" if cluster else f"/connect/agent/{token_id}")


@get("/agents", permission=READ, include_in_schema=False)
async def show_agents(request: Request, house: House, tx: Tx, by: Principal) -> Response[str]:
    """Those that wait, and those of the clusters in sight."""
    return await _list(request, house, tx, by)


@post("/agents/{agent_id:uuid}", permission=WRITE, include_in_schema=False)
async def decide_agent(request: Request, house: House, by: Principal, form: Form, agent_id: UUID) -> Response[Any]:
    """Approve, refuse or revoke one, as the pressed button says."""
    try:
        await _decide(house, by, agent_id, form.text("act"))
    except _MISTAKES as mistake:
        async with house.db.transaction(by.org_id) as tx:
            return await _list(request, house, tx, by, mistake=mistake)
    return redirect("/agents")


@post("/agent-settings", permission=actions.GOVERN, include_in_schema=False)
async def change_settings(house: House, tx: Tx, by: Principal, form: Form) -> Response[Any]:
    """Say whether every agent needs approval."""
    await actions.set_approval(house, tx, by, approval=form.text("approval") != "false")
    return redirect("/agents")


async def _decide(house: House, by: Principal, agent_id: UUID, act: str) -> UUID | None:
    """Do what the pressed button says; the cluster that was connected by it."""
    if act == "approve":
        return (await actions.approve(house, by, agent_id)).id
    if act not in ("refuse", "revoke"):
        raise NotFound("There is nothing of this name that can be done to agents.")
    async with house.db.transaction(by.org_id) as tx:
        await (actions.refuse if act == "refuse" else actions.revoke)(tx, by, agent_id)
    return None


async def _wish(
    request: Request, house: House, tx: Tx, by: Principal, typed: dict[str, str], *, mistake: BaseflyError | None = None
) -> Response[str]:
    found = await clusters.find(tx, by, typed["cluster"]) if typed["cluster"] else None
    return render(
        request,
        "agents/wish.html",
        status=mistake.status if mistake else 200,
        typed=typed,
        cluster=found,
        mistake=mistake,
        needed=await actions.needs_approval(house, tx, by),
        profiles=_profiles(),
        step=0,
        steps=_steps(),
    )


async def _waiting(
    request: Request, tx: Tx, by: Principal, token_id: UUID, *, mistake: BaseflyError | None = None
) -> Response[Any]:
    by.require_everywhere(WRITE)
    token, found = await store.get_token(tx, token_id), await store.get_by_token(tx, token_id)
    if token is None:
        raise NotFound("There is no such token.")
    return render(
        request,
        "agents/waiting.html",
        status=mistake.status if mistake else 200,
        token=token,
        agent=found.agent() if found else None,
        mistake=mistake,
        checks=mistake.extra.get("checks", []) if mistake else [],
        step=2,
        steps=_steps(),
    )


async def _list(
    request: Request, house: House, tx: Tx, by: Principal, *, mistake: BaseflyError | None = None
) -> Response[str]:
    whole = by.scope(WRITE).everything
    return render(
        request,
        "agents/list.html",
        status=mistake.status if mistake else 200,
        agents=await actions.agents(tx, by),
        tokens=await actions.tokens(tx, by) if whole else [],
        states=_states(),
        mistake=mistake,
        checks=mistake.extra.get("checks", []) if mistake else [],
        may_write=whole,
        needed=await actions.needs_approval(house, tx, by) if whole else None,
        may_set=whole and by.scope("access:write").everything,
    )


def _steps() -> list[tuple[str, str]]:
    return [(t("Name"), ""), (t("Install"), ""), (t("Approve"), ""), (t("Verify"), "")]


def _profiles() -> list[tuple[str, str, str]]:
    return [
        ("view", t("View"), t("See everything but secrets, and change nothing.")),
        ("operate", t("Operate"), t("See everything but secrets; restart, scale, evict, cordon, open terminals.")),
        ("admin", t("Administer"), t("Everything: it is bound to cluster-admin.")),
    ]


def _states() -> dict[str, tuple[str, str]]:
    return {
        "pending": ("warn", t("Waits for approval")),
        "approved": ("ok", t("Approved")),
        "refused": ("bad", t("Refused")),
        "revoked": ("bad", t("Revoked")),
    }


HANDLERS = (show_wish, create_token, show_waiting, decide_waiting, show_agents, decide_agent, change_settings)
