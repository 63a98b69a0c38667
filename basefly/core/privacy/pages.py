"""One's own data, as a page of the settings."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from basefly.base.db.transaction import Tx
from basefly.base.errors import BaseflyError
from basefly.base.principal import Principal
from basefly.base.runtime.house import House
from basefly.base.web import SIGNED_IN, Form, Request, Response, get, post, redirect, render
from basefly.core.privacy import actions


@get("/settings/data", permission=SIGNED_IN, include_in_schema=False)
async def show_data(request: Request, house: House, by: Principal) -> Response[str]:
    """What one may ask of the data about oneself."""
    return await _page(request, house, by)


@post("/settings/data/exports", permission=SIGNED_IN, include_in_schema=False)
async def order_export(request: Request, house: House, by: Principal, form: Form) -> Response[Any]:  # noqa: ARG001  # a form carries its token
    """Has everything about oneself collected."""
    try:
        async with house.db.transaction(by.org_id) as tx:
            await actions.order_export(tx, by)
    except BaseflyError as error:
        return await _page(request, house, by, export_error=error)
    return redirect("/settings/data")


@get("/settings/data/exports/{export_id:uuid}", permission=SIGNED_IN, include_in_schema=False)
async def fetch_export(tx: Tx, by: Principal, export_id: UUID) -> Response[bytes]:
    """The file."""
    headers = {"Content-Disposition": 'attachment; filename="my-data.json"', "Cache-Control": "private, no-store"}
    return Response(await actions.fetch_export(tx, by, export_id), media_type="application/json", headers=headers)


@post("/settings/data/erasure", permission=SIGNED_IN, include_in_schema=False)
async def erase_me(request: Request, house: House, by: Principal, form: Form) -> Response[Any]:
    """Has oneself forgotten, and leads out."""
    try:
        async with house.db.transaction(by.org_id) as tx:
            await actions.erase_me(tx, by, form.text("confirm"))
    except BaseflyError as error:
        return await _page(request, house, by, erase_error=error)
    return redirect("/sign-in")


async def _page(request: Request, house: House, by: Principal, **said: Any) -> Response[str]:
    async with house.db.transaction(by.org_id) as tx:
        exports = await actions.exports(tx, by)
    errors = [error for error in said.values() if isinstance(error, BaseflyError)]
    status = errors[0].status if errors else 200
    return render(request, "privacy/data.html", status=status, exports=exports, **said)


HANDLERS = (show_data, order_export, fetch_export, erase_me)
