"""Service accounts and their tokens."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from basefly.base.db.transaction import Tx
from basefly.base.errors import BaseflyError, Invalid
from basefly.base.principal import Principal
from basefly.base.runtime.house import House
from basefly.base.slice import Permissions
from basefly.base.web import Form, Request, Response, get, post, redirect, render
from basefly.base.web.language import t
from basefly.core.access.model import permissions_of
from basefly.core.identity.tokens import Limits, Wish
from basefly.core.machines import accounts
from basefly.core.machines.accounts import READ, WRITE
from basefly.core.machines.model import ServiceRole

_ROLES: dict[str, ServiceRole] = {"viewer": "viewer", "operator": "operator", "admin": "admin"}


def roles() -> list[tuple[str, str]]:
    """What a service account can be."""
    return [("viewer", t("Viewer")), ("operator", t("Operator")), ("admin", t("Administrator"))]


def lifetimes() -> list[tuple[str, str]]:
    """How long a token may last."""
    return [("30", t("30 days")), ("90", t("90 days")), ("365", t("1 year"))]


@get("/service-accounts", permission=READ)
async def accounts_page(request: Request, house: House, by: Principal) -> Response[str]:
    """Every service account."""
    return await _list(request, house, by)


@post("/service-accounts", permission=WRITE)
async def create_account(request: Request, house: House, by: Principal, form: Form) -> Response[Any]:
    """Makes one and leads to it."""
    try:
        role = _role(form)
        async with house.db.transaction(by.org_id) as tx:
            made = await accounts.create(house, tx, by, form.text("name"), role)
    except BaseflyError as error:
        return await _list(request, house, by, name=form.text("name"), error=error)
    return redirect(f"/service-accounts/{made.id}")


@get("/service-accounts/{account_id:uuid}", permission=READ)
async def account_page(request: Request, house: House, by: Principal, account_id: UUID) -> Response[str]:
    """One service account and its tokens."""
    return await _account(request, house, by, account_id)


@post("/service-accounts/{account_id:uuid}", permission=WRITE)
async def change_account(request: Request, house: House, by: Principal, form: Form, account_id: UUID) -> Response[Any]:
    """Does to it what the pressed button says."""
    act = form.text("act")
    try:
        async with house.db.transaction(by.org_id) as tx:
            if act == "remove":
                await accounts.remove(house, tx, by, account_id)
            elif act in ("disable", "enable"):
                await accounts.change(house, tx, by, account_id, role=None, disabled=act == "disable")
            else:
                await accounts.change(house, tx, by, account_id, role=_role(form), disabled=None)
    except BaseflyError as error:
        return await _account(request, house, by, account_id, error=error)
    return redirect("/service-accounts" if act == "remove" else f"/service-accounts/{account_id}")


@post("/service-accounts/{account_id:uuid}/tokens", permission=WRITE)
async def create_token(request: Request, house: House, by: Principal, form: Form, account_id: UUID) -> Response[Any]:
    """Makes a token and shows it, this once."""
    days = form.text("days")
    chosen = None if form.text("reach", "all") == "all" else form.all("permission")
    wish = Wish(form.text("name"), int(days) if days.isdecimal() and len(days) < 5 else 90, Limits(chosen))
    try:
        async with house.db.transaction(by.org_id) as tx:
            token = await accounts.create_token(house, tx, by, account_id, wish)
    except BaseflyError as error:
        return await _account(request, house, by, account_id, token_error=error, token_name=form.text("name"))
    return await _account(request, house, by, account_id, new_token=token)


@post("/service-accounts/{account_id:uuid}/tokens/{token_id:uuid}/revocations", permission=WRITE)
async def revoke_token(tx: Tx, by: Principal, account_id: UUID, token_id: UUID) -> Response[None]:
    """Revokes one of its tokens."""
    await accounts.revoke_token(tx, by, account_id, token_id)
    return redirect(f"/service-accounts/{account_id}")


def _role(form: Form) -> ServiceRole:
    if (role := _ROLES.get(form.text("role"))) is None:
        raise Invalid("A service account is a viewer, an operator or an administrator.")
    return role


async def _list(request: Request, house: House, by: Principal, **said: Any) -> Response[str]:
    async with house.db.transaction(by.org_id) as tx:
        found = await accounts.accounts(tx, by)
    error: BaseflyError | None = said.get("error")
    context = {"accounts": found, "roles": roles(), "may_write": by.scope(WRITE).everything, **said}
    return render(request, "machines/accounts.html", status=error.status if error else 200, **context)


async def _account(request: Request, house: House, by: Principal, account_id: UUID, **said: Any) -> Response[str]:
    async with house.db.transaction(by.org_id) as tx:
        found = await accounts.find(tx, by, account_id)
        tokens = await accounts.page_tokens(tx, by, account_id)
    known = house.get(Permissions)
    held = permissions_of(found.role, known)  # type: ignore[arg-type]  # the database has roles only
    context = {
        "account": found,
        "tokens": tokens,
        "roles": roles(),
        "lifetimes": lifetimes(),
        "choices": [(name, known[name]) for name in sorted(held) if by.may(name)],
        "may_write": by.scope(WRITE).everything,
        **said,
    }
    error: BaseflyError | None = said.get("error") or said.get("token_error")
    return render(request, "machines/account.html", status=error.status if error else 200, **context)


HANDLERS = (accounts_page, create_account, account_page, change_account, create_token, revoke_token)
