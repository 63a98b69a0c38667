"""Saved views for programs."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

import msgspec

from basefly.base.db.transaction import Tx
from basefly.base.principal import Principal
from basefly.base.web import SIGNED_IN, Body, QueryParameter, delete, get, patch, post
from basefly.features.views import actions
from basefly.features.views.actions import Change
from basefly.features.views.model import View

Path = Annotated[str, QueryParameter(description="Only views of this page: /pods.")]


class SaveBody(Body):
    """A list's address, as the browser has it, and the name to keep it under."""

    name: str
    address: str
    shared: bool = False


class ChangeBody(Body):
    """What is to change; what is left out stays."""

    name: str | None = None
    address: str | None = None
    shared: bool | None = None
    default: bool | None = None


class ViewList(msgspec.Struct, frozen=True):
    """Views, one's own first."""

    items: list[View]


@get("/views", permission=SIGNED_IN, tags=["views"], summary="List saved views")
async def list_views(tx: Tx, by: Principal, path: Path = "") -> ViewList:
    """Your own and those that are shared in your organization."""
    return ViewList(await actions.views(tx, by, path))


@post("/views", permission=SIGNED_IN, tags=["views"], summary="Save a view")
async def save_view(tx: Tx, by: Principal, data: SaveBody) -> View:
    """Sharing it needs views:share."""
    return await actions.save(tx, by, data.name, data.address, shared=data.shared)


@patch("/views/{view_id:uuid}", permission=SIGNED_IN, tags=["views"], summary="Rename, share or prefer a view")
async def change_view(tx: Tx, by: Principal, view_id: UUID, data: ChangeBody) -> View:
    """Your own; any view in sight can become your default."""
    wanted = Change(name=data.name, address=data.address, shared=data.shared, default=data.default)
    return await actions.change(tx, by, view_id, wanted)


@delete("/views/{view_id:uuid}", permission=SIGNED_IN, tags=["views"], summary="Delete a view")
async def delete_view(tx: Tx, by: Principal, view_id: UUID) -> None:
    """Your own."""
    await actions.delete(tx, by, view_id)


HANDLERS = (list_views, save_view, change_view, delete_view)
