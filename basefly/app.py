"""The table of contents: which slices there are, and how a process opens, furnishes and runs them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

from basefly.base.db import logins, migrate
from basefly.base.db.changes import Changes
from basefly.base.db.pool import Database
from basefly.base.db.secrets import Vault
from basefly.base.errors import BaseflyError
from basefly.base.limits import Limiter
from basefly.base.resilience.ending import end
from basefly.base.runtime.controllers import supervise
from basefly.base.runtime.house import House
from basefly.base.settings import Settings, SettingsError
from basefly.base.slice import Slice, permissions
from basefly.base.web import SIGNED_IN, Plugs, Request
from basefly.base.web.server import Hub, build
from basefly.console import scope
from basefly.console.excuses import explain
from basefly.console.slice import console
from basefly.core.access.actions import authenticate
from basefly.core.access.slice import access
from basefly.core.audit.actions import failure
from basefly.core.audit.slice import audit
from basefly.core.clusters.actions import WRITE
from basefly.core.clusters.slice import clusters
from basefly.core.elevation.slice import elevation
from basefly.core.explanations.slice import explanations
from basefly.core.factors.slice import factors
from basefly.core.federation.slice import federation
from basefly.core.gateway.pages import offers
from basefly.core.gateway.slice import gateway
from basefly.core.identity.slice import identity
from basefly.core.inventory.sight import READ
from basefly.core.inventory.slice import inventory
from basefly.core.invitations.slice import invitations
from basefly.core.lists.slice import lists
from basefly.core.machines.slice import machines
from basefly.core.privacy.slice import privacy
from basefly.core.recovery.slice import recovery
from basefly.core.sync.slice import sync
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
    sync,
    inventory,
    lists,
    gateway,
    views,
    workloads,
    images,
    namespaces,
    events,
    console,
)


def create_app(house: House, slices: Sequence[Slice] = SLICES) -> Hub:
    """The web application of these slices in a furnished house."""
    return build(
        house,
        Plugs(authenticate=authenticate, refused=_refused, shell=_shell(slices), explain=explain),
        api=[handler for slice_ in slices for handler in slice_.api],
        pages=[handler for slice_ in slices for handler in slice_.pages],
        permissions=permissions(slices),
    )


@asynccontextmanager
async def start(settings: Settings, owner_url: str | None, app_url: str) -> AsyncIterator[House]:
    """Migrate, open and furnish the house, and let its controllers run until the body ends.

    `owner_url` is who migrates; None when nobody here may. Raises SettingsError with the cure.
    """
    await _migrate(owner_url, app_url)
    async with AsyncExitStack() as stack:
        db = await Database.open(app_url)
        stack.push_async_callback(db.close)
        changes = Changes(app_url)
        stack.push_async_callback(changes.close)
        vault = Vault.load(settings)
        await vault.check(db)
        house = House(settings, db, changes, vault)
        await stack.enter_async_context(furnished(house))
        controllers = [each for slice_ in SLICES if slice_.controllers for each in slice_.controllers(house)]
        running = asyncio.create_task(supervise(controllers), name="controllers")
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


def _shell(slices: Sequence[Slice]) -> Callable[[Request], Mapping[str, Any]]:
    """What every page shows around its own matter: where we are, and the menu of what its reader may see."""
    lines = sorted((line for slice_ in slices for line in slice_.nav), key=lambda line: line.order)

    def shell(request: Request) -> Mapping[str, Any]:
        by = request.by
        nav = [line for line in lines if by and (line.permission == SIGNED_IN or by.may(line.permission))]
        seen = scope.bar(request.url.path, request.url.query) if by and by.may(READ) else None
        return {
            "nav": nav,
            "organization": request.state.get("organization", ""),
            "scope": seen,
            "object_actions": offers(by, request.url.path, request.query_params) if by else [],
            "may_connect": by is not None and by.scope(WRITE).everything,
        }

    return shell
