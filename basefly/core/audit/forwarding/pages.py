"""How long records are kept, and where they are sent, as a page."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from basefly.base.errors import BaseflyError, Invalid
from basefly.base.principal import Principal
from basefly.base.runtime.house import House
from basefly.base.web import Form, Request, Response, get, post, redirect, render
from basefly.base.web.language import t
from basefly.core.audit import retention
from basefly.core.audit.forwarding import actions
from basefly.core.audit.model import READ, WRITE


@get("/audit/settings", permission=READ, include_in_schema=False)
async def show_settings(request: Request, house: House, by: Principal) -> Response[str]:
    """Retention and streams."""
    return await _page(request, house, by)


@post("/audit/settings", permission=WRITE, include_in_schema=False)
async def change_retention(request: Request, house: House, by: Principal, form: Form) -> Response[Any]:
    """Keeps records for so many days; an empty field keeps them for ever."""
    text = form.text("retention_days")
    try:
        if text and not text.isdecimal():
            raise Invalid(f"{text!r} is no number of days.", cure="Leave it empty to keep them all.")
        async with house.db.transaction(by.org_id) as tx:
            await retention.change(tx, by, int(text) if text else None)
    except BaseflyError as error:
        return await _page(request, house, by, days=text, retention_error=error)
    return redirect("/audit/settings")


@post("/audit/streams", permission=WRITE, include_in_schema=False)
async def create_stream(request: Request, house: House, by: Principal, form: Form) -> Response[Any]:
    """Makes a stream, and shows its secret, this once."""
    given = {name: form.text(name) for name in ("name", "kind", "address")}
    try:
        kind = given["kind"]
        if kind not in ("webhook", "syslog"):
            raise Invalid(f"There is no kind {kind!r} of stream.", cure="Choose webhook or syslog.")
        async with house.db.transaction(by.org_id) as tx:
            made = await actions.create(tx, by, given["name"], kind, given["address"])  # type: ignore[arg-type]  # checked
    except BaseflyError as error:
        return await _page(request, house, by, given=given, stream_error=error)
    return await _page(request, house, by, made=made)


@post("/audit/streams/{stream_id:uuid}", permission=WRITE, include_in_schema=False)
async def change_stream(house: House, by: Principal, form: Form, stream_id: UUID) -> Response[None]:
    """Does to a stream what the pressed button says."""
    async with house.db.transaction(by.org_id) as tx:
        if form.text("act") == "resume":
            await actions.resume(tx, by, stream_id)
        elif form.text("act") == "delete":
            await actions.delete(tx, by, stream_id)
    return redirect("/audit/settings")


async def _page(request: Request, house: House, by: Principal, **said: Any) -> Response[str]:
    async with house.db.transaction(by.org_id) as tx:
        kept = await retention.get(tx, by)
        streams = await actions.streams(tx, by)
    errors = [error for error in said.values() if isinstance(error, BaseflyError)]
    context = {
        "kept": kept,
        "days": kept.retention_days or "",
        "streams": streams,
        "kinds": [("webhook", t("Webhook")), ("syslog", t("Syslog"))],
        "given": {"name": "", "kind": "webhook", "address": ""},
        "may_write": by.may(WRITE),
        **said,
    }
    return render(request, "audit/settings.html", status=errors[0].status if errors else 200, **context)


HANDLERS = (show_settings, change_retention, create_stream, change_stream)
