"""One's own data as JSON."""

from __future__ import annotations

from uuid import UUID

import msgspec

from basefly.base.db.transaction import Tx
from basefly.base.principal import Principal
from basefly.base.web import SIGNED_IN, Body, Response, get, post
from basefly.core.privacy import actions
from basefly.core.privacy.model import Export


class Exports(msgspec.Struct, frozen=True):
    """One's own exports, newest first."""

    items: list[Export]


class Erasure(Body):
    """One's own e-mail address, so that nobody does this by accident."""

    confirm: str


class Ordered(msgspec.Struct, frozen=True):
    """The operation that will do it."""

    operation: UUID


@get("/me/exports", permission=SIGNED_IN, tags=["privacy"], summary="List exports of your data")
async def list_exports(tx: Tx, by: Principal) -> Exports:
    """Those that you ordered within the last week."""
    return Exports(await actions.exports(tx, by))


@post("/me/exports", permission=SIGNED_IN, tags=["privacy"], summary="Order an export of your data")
async def order_export(tx: Tx, by: Principal) -> Export:
    """Everything that this organization has about you is collected; fetch it once its state is done."""
    return await actions.order_export(tx, by)


@get(
    "/me/exports/{export_id:uuid}",
    permission=SIGNED_IN,
    tags=["privacy"],
    summary="Fetch an export of your data",
    media_type="application/json",
)
async def fetch_export(tx: Tx, by: Principal, export_id: UUID) -> Response[bytes]:
    """The file. Only you can fetch it, for a week."""
    headers = {"Content-Disposition": 'attachment; filename="my-data.json"', "Cache-Control": "private, no-store"}
    content = await actions.fetch_export(tx, by, export_id)
    return Response(content, media_type="application/json", headers=headers)


@post("/me/erasure", permission=SIGNED_IN, tags=["privacy"], summary="Erase my personal data", status_code=202)
async def erase_me(tx: Tx, by: Principal, data: Erasure) -> Ordered:
    """Your account, sessions, tokens, and every personal field of yours in the audit. There is no way back.

    Needs a session; a token cannot. The last owner of an organization has to make another one first.
    """
    return Ordered(await actions.erase_me(tx, by, data.confirm))


HANDLERS = (list_exports, order_export, fetch_export, erase_me)
