"""The page of saved views, which is also the menu "Views" of a list."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from basefly.base.errors import BaseflyError, Invalid
from basefly.base.principal import Principal
from basefly.base.runtime.house import House
from basefly.base.web import SIGNED_IN, Form, Request, Response, get, post, redirect, render
from basefly.features.views import actions, model
from basefly.features.views.actions import SHARE, Change


@get("/views", permission=SIGNED_IN, include_in_schema=False)
async def show_views(request: Request, house: House, by: Principal, at: str = "") -> Response[str]:
    """Views in sight; from a list, those of the list, and the way to save it as it is."""
    return await _page(request, house, by, at)


@post("/views", permission=SIGNED_IN, include_in_schema=False)
async def save_view(request: Request, house: House, by: Principal, form: Form) -> Response[Any]:
    """Saves an address and leads back to it."""
    at, name = form.text("at"), form.text("name")
    try:
        async with house.db.transaction(by.org_id) as tx:
            view = await actions.save(tx, by, name, at, shared=bool(form.text("shared")))
    except BaseflyError as error:
        return await _page(request, house, by, at, name=name, error=error)
    return redirect(view.address)


@post("/views/{view_id:uuid}", permission=SIGNED_IN, include_in_schema=False)
async def change_view(request: Request, house: House, by: Principal, form: Form, view_id: UUID) -> Response[Any]:
    """Does to a view what the pressed button says."""
    at, act = form.text("at"), form.text("act")
    wanted = {
        "rename": Change(name=form.text("name")),
        "share": Change(shared=True),
        "unshare": Change(shared=False),
        "prefer": Change(default=True),
        "forget": Change(default=False),
    }
    try:
        async with house.db.transaction(by.org_id) as tx:
            if act == "delete":
                await actions.delete(tx, by, view_id)
            else:
                await actions.change(tx, by, view_id, wanted.get(act, Change()))
    except BaseflyError as error:
        return await _page(request, house, by, at, error=error)
    return await _page(request, house, by, at)


async def _page(
    request: Request, house: House, by: Principal, at: str, *, name: str = "", error: BaseflyError | None = None
) -> Response[str]:
    try:
        address = model.address(at) if at else ""
    except Invalid:
        address = ""
    async with house.db.transaction(by.org_id) as tx:
        found = await actions.views(tx, by, address.partition("?")[0])
    status = error.status if error else 200
    return render(
        request,
        "views/list.html",
        status=status,
        views=found,
        at=address,
        name=name,
        error=error,
        may_share=by.may(SHARE),
    )


HANDLERS = (show_views, save_view, change_view)
