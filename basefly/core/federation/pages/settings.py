"""The settings of sign-in with providers: which there are, how each is set up, and a test of it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from basefly.base.db.transaction import Tx
from basefly.base.errors import BaseflyError
from basefly.base.principal import Principal
from basefly.base.runtime.house import House
from basefly.base.secret import Secret
from basefly.base.web import RECENT, Form, Request, Response, get, post, redirect, render, session_token
from basefly.core.federation import actions, company
from basefly.core.federation.flow import CALLBACK
from basefly.core.federation.model import READ, WRITE
from basefly.core.federation.pages import forms

HOME = "/single-sign-on"


@get("/single-sign-on", permission=READ)
async def providers_page(request: Request, house: House, by: Principal) -> Response[str]:
    """The organization's providers and its sign-in address."""
    return await _providers(request, house, by)


@post("/single-sign-on", permission=WRITE)
async def add_provider(request: Request, house: House, by: Principal, form: Form) -> Response[Any]:
    """Adds a provider and leads to it."""
    typed = forms.typed(form)
    try:
        async with house.db.transaction(by.org_id) as tx:
            added = await actions.add(tx, house, by, forms.wish(typed), Secret(form.raw("client_secret")))
    except BaseflyError as error:
        return await _providers(request, house, by, typed=typed, error=error)
    return redirect(f"/single-sign-on/{added.id}")


@post("/single-sign-on/address", permission=WRITE)
async def name_address(request: Request, house: House, by: Principal, form: Form) -> Response[Any]:
    """Names the sign-in address."""
    try:
        async with house.db.transaction(by.org_id) as tx:
            await actions.rename(tx, by, form.text("slug"))
    except BaseflyError as error:
        return await _providers(request, house, by, slug_typed=form.text("slug"), slug_error=error)
    return redirect("/single-sign-on")


@post("/single-sign-on/required", permission=WRITE, opt=RECENT | {"back": HOME})
async def require_provider(request: Request, house: House, by: Principal, form: Form) -> Response[Any]:
    """Wants a provider of everybody, or none."""
    try:
        if provider := form.text("provider"):
            await company.require(house, by, session_token(request), _id(provider))
        else:
            async with house.db.transaction(by.org_id) as tx:
                await company.release(tx, by)
    except BaseflyError as error:
        return await _providers(request, house, by, required_error=error)
    return redirect(f"{HOME}#required")


@get("/single-sign-on/{provider_id:uuid}", permission=READ)
async def provider_page(request: Request, house: House, by: Principal, provider_id: UUID) -> Response[str]:
    """One provider: what to tell it of us, its settings, and a test."""
    return await _provider(request, house, by, provider_id)


@post("/single-sign-on/{provider_id:uuid}", permission=WRITE)
async def change_provider(
    request: Request, house: House, by: Principal, form: Form, provider_id: UUID
) -> Response[Any]:
    """Changes a provider; an empty secret leaves it as it is."""
    typed, secret = forms.typed(form), form.raw("client_secret")
    try:
        async with house.db.transaction(by.org_id) as tx:
            given = Secret(secret) if secret or form.text("public") else None
            await actions.change(tx, house, by, provider_id, forms.wish(typed), given)
    except BaseflyError as error:
        return await _provider(request, house, by, provider_id, typed=typed, error=error)
    return redirect(f"/single-sign-on/{provider_id}")


@post("/single-sign-on/{provider_id:uuid}/tests", permission=WRITE, status_code=200)
async def test_provider(request: Request, house: House, by: Principal, provider_id: UUID) -> Response[str]:
    """Tests the connection and shows what was found."""
    checks = await actions.test(house, by, provider_id)
    return await _provider(request, house, by, provider_id, checks=checks)


@post("/single-sign-on/{provider_id:uuid}/removals", permission=WRITE)
async def remove_provider(tx: Tx, by: Principal, provider_id: UUID) -> Response[None]:
    """Removes a provider."""
    await actions.remove(tx, by, provider_id)
    return redirect("/single-sign-on")


async def _providers(request: Request, house: House, by: Principal, **said: Any) -> Response[str]:
    async with house.db.transaction(by.org_id) as tx:
        found, slug = await actions.providers(tx, by), await actions.address(tx, by)
        required, unlinked = await company.required(tx, by)
    wrong: BaseflyError | None = said.get("error") or said.get("slug_error") or said.get("required_error")
    context = {"providers": found, "slug": slug, "hub": house.settings.url, "may_write": by.may(WRITE)}
    context |= {"required": required, "unlinked": unlinked, "recent": by.recent()}
    context |= {"roles": forms.roles(), "typed": forms.EMPTY, **said, **forms.mistakes(said.get("error"))}
    return render(request, "federation/list.html", status=wrong.status if wrong else 200, **context)


async def _provider(request: Request, house: House, by: Principal, provider_id: UUID, **said: Any) -> Response[str]:
    async with house.db.transaction(by.org_id) as tx:
        found = await actions.find(tx, by, provider_id)
    wrong: BaseflyError | None = said.get("error")
    context = {
        "provider": found,
        "typed": forms.shown(found),
        "redirect_address": house.settings.url + CALLBACK,
        "logout_address": f"{house.settings.url}/sso/logout/{by.org_id}/{provider_id}",
        "may_write": by.may(WRITE),
        "roles": forms.roles(),
        **said,
        **forms.mistakes(wrong),
    }
    return render(request, "federation/provider.html", status=wrong.status if wrong else 200, **context)


def _id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError as error:
        raise company.unknown() from error


HANDLERS = (
    providers_page,
    add_provider,
    name_address,
    require_provider,
    provider_page,
    change_provider,
    test_provider,
    remove_provider,
)
