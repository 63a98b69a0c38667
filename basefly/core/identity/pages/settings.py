"""One's own settings: appearance and API tokens.

A page that shows its form again after a mistake opens its transaction itself, so that nothing half done commits.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from basefly.base.db.transaction import Tx
from basefly.base.errors import BaseflyError
from basefly.base.principal import Principal
from basefly.base.runtime.house import House
from basefly.base.slice import Permissions
from basefly.base.web import (
    RECENT,
    SIGNED_IN,
    Form,
    Request,
    Response,
    get,
    post,
    preferences,
    redirect,
    render,
)
from basefly.base.web.language import t, zones
from basefly.base.web.language.languages import LANGUAGES
from basefly.core.identity import actions, tokens
from basefly.core.identity.tokens import Limits, Wish


def lifetimes() -> list[tuple[str, str]]:
    """How long a new token may last."""
    return [("30", t("30 days")), ("90", t("90 days")), ("365", t("1 year")), ("", t("until I revoke it"))]


def choices() -> dict[str, list[tuple[str, str]]]:
    """What the page offers for each preference. Languages say their own names, whoever reads."""
    system = ("system", t("Same as the device"))
    return {
        "language": [("", t("Same as the browser")), *((each.tag, each.name) for each in LANGUAGES)],
        "time_zone": [("", "UTC"), *((zone, zone.replace("_", " ")) for zone in zones())],
        "theme": [system, ("light", t("Light")), ("dark", t("Dark"))],
        "contrast": [system, ("normal", t("Normal")), ("high", t("High"))],
        "density": [("comfortable", t("Comfortable")), ("compact", t("Compact"))],
        "motion": [system, ("full", t("All of it")), ("reduced", t("As little as possible"))],
    }


@get("/settings", permission=SIGNED_IN)
async def settings_page(request: Request, house: House, by: Principal) -> Response[str]:
    """One's own settings."""
    return await _settings(request, house, by)


@post("/settings/name", permission=SIGNED_IN)
async def change_name(request: Request, house: House, by: Principal, form: Form) -> Response[Any]:
    """Is called otherwise."""
    try:
        async with house.db.transaction(by.org_id) as tx:
            await actions.change_name(tx, by, form.text("person"))
    except BaseflyError as error:
        return await _settings(request, house, by, name_error=error, name=form.text("person"))
    return redirect("/settings")


@post("/settings/preferences", permission=SIGNED_IN)
async def change_preferences(request: Request, house: House, by: Principal, form: Form) -> Response[Any]:
    """Likes the pages otherwise, at once; fields that the form does not have stay as they are."""
    wish = {name: form.text(name) for name in preferences.NAMES if name in form}
    try:
        async with house.db.transaction(by.org_id) as tx:
            chosen = await actions.change_preferences(tx, by, wish)
    except BaseflyError as error:
        return await _settings(request, house, by, preferences_error=error)
    answer = redirect("/settings#appearance")
    for cookie in preferences.cookies(request, chosen):
        answer.set_cookie(cookie)
    return answer


@post("/settings/tokens", permission=SIGNED_IN, opt=RECENT | {"back": "/settings"})
async def create_token(request: Request, house: House, by: Principal, form: Form) -> Response[Any]:
    """Makes a token and shows it, this once."""
    days = form.text("days")
    try:
        async with house.db.transaction(by.org_id) as tx:
            chosen = None if form.text("reach", "all") == "all" else form.all("permission")
            wish = Wish(form.text("name"), int(days) if days.isdecimal() else None, Limits(chosen))
            token = await tokens.create(tx, by, wish)
    except BaseflyError as error:
        return await _settings(request, house, by, token_error=error, token_name=form.text("name"))
    return await _settings(request, house, by, new_token=token)


@post("/settings/tokens/{token_id:uuid}/revocations", permission=SIGNED_IN)
async def revoke_token(tx: Tx, by: Principal, token_id: UUID) -> Response[None]:
    """Revokes one of one's own tokens."""
    await actions.revoke_token(tx, by, token_id)
    return redirect("/settings#tokens")


async def _settings(request: Request, house: House, by: Principal, **said: Any) -> Response[str]:
    async with house.db.transaction(by.org_id) as tx:
        kept = await actions.tokens(tx, by)
    known = house.get(Permissions)
    may = [(name, known[name]) for name in sorted(known) if by.may(name)]
    errors = [error for error in said.values() if isinstance(error, BaseflyError)]
    context = {
        "tokens": kept,
        "lifetimes": lifetimes(),
        "permissions": may,
        "choices": choices(),
        "recent": by.recent(),
        **said,
    }
    return render(request, "identity/settings.html", status=errors[0].status if errors else 200, **context)


HANDLERS = (settings_page, change_name, change_preferences, create_token, revoke_token)
