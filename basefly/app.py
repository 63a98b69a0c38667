"""The table of contents: which slices there are, and how a process opens, furnishes and runs them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from functools import cache
from typing import Any

from litestar import Litestar

from basefly.base.db import logins, migrate
from basefly.base.db.changes import Changes
from basefly.base.db.secrets import Vault
from basefly.base.errors import BaseflyError
from basefly.base.limits import Limiter
from basefly.base.resilience.ending import end
from basefly.base.runtime.controllers import Controller, supervise
from basefly.base.runtime.house import House
from basefly.base.runtime.pools import opened
from basefly.base.runtime.processes import Announcing
from basefly.base.settings import Settings, SettingsError
from basefly.base.slice import Offer, Slice, controllers, permissions
from basefly.base.telemetry.lag import Lag
from basefly.base.web import SIGNED_IN, Plugs, Request
from basefly.base.web.boundary.overload import Door
from basefly.base.web.boundary.recall import Recall
from basefly.base.web.boundary.tunnels import Tunnels
from basefly.base.web.live import Recent
from basefly.base.web.server import Hub, build, vital
from basefly.console import scope
from basefly.console.excuses import explain
from basefly.console.slice import console
from basefly.core.access.slice import access
from basefly.core.agents.slice import agents
from basefly.core.audit.actions import failure
from basefly.core.audit.slice import audit
from basefly.core.clusters.actions import WRITE
from basefly.core.clusters.slice import clusters
from basefly.core.drains.slice import drains
from basefly.core.editing.slice import editing
from basefly.core.elevation.slice import elevation
from basefly.core.explanations.slice import explanations
from basefly.core.factors.slice import factors
from basefly.core.federation.slice import federation
from basefly.core.gateway.slice import gateway
from basefly.core.gateway.verbs.offers import bulk
from basefly.core.history.slice import history
from basefly.core.identity.slice import identity
from basefly.core.inventory.sight import READ
from basefly.core.inventory.slice import inventory
from basefly.core.invitations.slice import invitations
from basefly.core.lists.slice import lists
from basefly.core.logs.slice import logs
from basefly.core.machines.slice import machines
from basefly.core.privacy.slice import privacy
from basefly.core.quarantine.slice import quarantine
from basefly.core.recovery.slice import recovery
from basefly.core.rights.actions import authenticate
from basefly.core.rights.slice import rights
from basefly.core.sync.slice import sync
from basefly.core.terminals.slice import terminals
from basefly.features.events.slice import events
from basefly.features.images.slice import images
from basefly.features.namespaces.slice import namespaces
from basefly.features.views.slice import views
from basefly.features.workloads.slice import workloads

SLICES: tuple[Slice, ...] = (
    audit,
    factors,
    identity,
    access,
    elevation,
    invitations,
    recovery,
    federation,
    machines,
    privacy,
    explanations,
    clusters,
    agents,
    sync,
    rights,
    inventory,
    history,
    lists,
    quarantine,
    gateway,
    logs,
    drains,
    editing,
    terminals,
    views,
    workloads,
    images,
    namespaces,
    events,
    console,
)


@cache
def routed() -> Litestar:
    """The routes of all slices. They know no house, so that one process makes them once."""
    return build(
        api=[handler for slice_ in SLICES for handler in slice_.api],
        pages=[handler for slice_ in SLICES for handler in slice_.pages],
        sockets=[handler for slice_ in SLICES for handler in slice_.sockets],
        permissions=permissions(SLICES),
    )


def create_app(house: House) -> Hub:
    """The web application in a furnished house; of a process that is not web, only how it is."""
    routes = routed() if "web" in house.settings.role else vital()
    return Hub(routes, house, Plugs(authenticate=authenticate, refused=_refused, shell=_shell(), explain=explain))


@asynccontextmanager
async def start(settings: Settings, owner_url: str | None, app_url: str) -> AsyncIterator[House]:
    """Migrate, open and furnish the house, and let its controllers run until the body ends.

    `owner_url` is who migrates; None when nobody here may. Raises SettingsError with the cure.
    """
    await _migrate(owner_url, app_url)
    async with AsyncExitStack() as stack:
        pools = await stack.enter_async_context(opened(settings, app_url))
        changes = Changes(app_url)
        stack.push_async_callback(changes.close)
        vault = Vault.load(settings)
        await vault.check(pools.hub)
        house = House(settings, pools.people, changes, vault, own=pools.hub, life=pools.life)
        await stack.enter_async_context(furnished(house))
        acting: list[Controller] = [house.get(Lag), Announcing(house.backstage), *controllers(SLICES, house)]
        running = asyncio.create_task(supervise(acting), name="controllers")
        stack.push_async_callback(end, running)
        stack.callback(house.shutdown.begin)
        yield house


@asynccontextmanager
async def furnished(house: House, slices: Sequence[Slice] = SLICES) -> AsyncIterator[None]:
    """Let each slice put its long-lived things into the house; they are closed in reverse."""
    house.put(permissions(slices))
    async with AsyncExitStack() as stack:
        limiter = Limiter(house.settings)
        stack.push_async_callback(limiter.close)
        house.put(limiter)
        recent = Recent(house.changes)
        stack.push_async_callback(recent.close)
        house.put(recent)
        house.put(Tunnels())
        house.put(lag := Lag())
        house.put(Door(lag, house.db))
        house.put(Recall(also=house.changes.renew))
        house.db.share(house.changes.version)
        for slice_ in slices:
            if slice_.furnish:
                await stack.enter_async_context(slice_.furnish(house))
        yield


async def _migrate(owner_url: str | None, app_url: str) -> None:
    if owner_url:
        await migrate.up(owner_url)
    elif pending := (await migrate.status(app_url)).pending:
        raise SettingsError(
            f"The database lacks {len(pending)} migrations, and the login of BASEFLY_DATABASE_URL may not make them.\n"
            f"Give a login that owns the schema in BASEFLY_OWNER_DATABASE_URL; {logins.APPLICATION} stays who runs it."
        )


async def _refused(request: Request, error: BaseflyError) -> None:
    if request.by:
        await failure(request.house.db, request.by, error, method=request.method, path=request.url.path)


def _shell() -> Callable[[Request], Mapping[str, Any]]:
    """What every page shows around its own matter: where we are, and the menu of what its reader may see."""
    lines = sorted((line for slice_ in SLICES for line in slice_.nav), key=lambda line: line.order)

    def shell(request: Request) -> Mapping[str, Any]:
        by = request.by
        nav = [line for line in lines if by and (line.permission == SIGNED_IN or by.may(line.permission))]
        seen = scope.bar(request.url.path, request.url.query) if by and by.may(READ) else None
        return {
            "nav": nav,
            "organization": request.state.get("organization", ""),
            "scope": seen,
            "object_actions": _offers(request),
            "bulk_actions": bulk(by, request.url.path) if by else [],
            "may_connect": by is not None and by.scope(WRITE).everything,
        }

    return shell


def _offers(request: Request) -> list[Offer]:
    """What may be done to what the page shows, by whoever reads it."""
    if request.by is None:
        return []
    path, query = request.url.path, request.query_params
    found = [offer for slice_ in SLICES if slice_.offers for offer in slice_.offers(request.by, path, query)]
    return sorted(found, key=lambda offer: offer.order)
