"""Sign-in, sign-out, and one's own settings: password, sessions, API tokens.

A page that shows its form again after a mistake opens its transaction itself, so that nothing half done commits.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from basefly.base.db.transaction import Tx
from basefly.base.errors import BaseflyError
from basefly.base.principal import Principal
from basefly.base.runtime.house import House
from basefly.base.secret import Secret
from basefly.base.slice import Permissions
from basefly.base.web import (
    PUBLIC,
    SIGNED_IN,
    Form,
    Request,
    Response,
    get,
    post,
    preferences,
    redirect,
    render,
    session_token,
)
from basefly.base.web.language import t, zones
from basefly.base.web.language.languages import LANGUAGES
from basefly.core.identity import actions, browser, tokens
from basefly.core.identity.tokens import Limits, Wish


def lifetimes() -> list[tuple[str, str]]:
    """How long a new token may last."""
    return [("30", t("30 days")), ("90", t("90 days")), ("365", t("1 year")), ("", t("until I revoke it"))]


def choices() -> dict[str, list[tuple[str, str]]]:
    """What the page offers for each preference. Languages say their own names, whoever reads."""
    system = ("system", t("As the device has it"))
    return {
        "language": [("", t("As the browser has it")), *((each.tag, each.name) for each in LANGUAGES)],
        "time_zone": [("", "UTC"), *((zone, zone.replace("_", " ")) for zone in zones())],
        "theme": [system, ("light", t("Light")), ("dark", t("Dark"))],
        "contrast": [system, ("normal", t("Normal")), ("high", t("High"))],
        "density": [("comfortable", t("Comfortable")), ("compact", t("Compact"))],
        "motion": [system, ("full", t("All of it")), ("reduced", t("As little as possible"))],
    }


@get("/sign-in", permission=PUBLIC)
async def sign_in_page(request: Request) -> Response[str]:
    """The form to sign in with."""
    return _sign_in(request, next_=request.query_params.get("next", "/"))


@post("/sign-in", permission=PUBLIC)
async def sign_in(request: Request, house: House, form: Form) -> Response[Any]:
    """Begins a session and leads to where one wanted to go."""
    email, password = form.text("email"), Secret(form.raw("password"))
    try:
        _, secret = await actions.sign_in(house, email, password, browser.origin(request))
    except BaseflyError as error:
        return _sign_in(request, next_=form.text("next", "/"), email=email, error=error)
    answer = redirect(form.text("next", "/"))
    answer.set_cookie(browser.kept(house, secret))
    return answer


@post("/sign-out", permission=SIGNED_IN)
async def sign_out(request: Request, house: House, tx: Tx, by: Principal) -> Response[None]:
    """Ends the session and leads to the sign-in page."""
    await actions.sign_out(tx, by, session_token(request))
    answer = redirect("/sign-in")
    answer.headers.update(browser.FORGET)
    answer.set_cookie(browser.gone(house))
    return answer


@get("/settings", permission=SIGNED_IN)
async def settings_page(request: Request, house: House, by: Principal) -> Response[str]:
    """One's own settings."""
    return await _settings(request, house, by)


@post("/settings/password", permission=SIGNED_IN)
async def change_password(request: Request, house: House, by: Principal, form: Form) -> Response[Any]:
    """Takes another password and ends every other session."""
    current, new = Secret(form.raw("current")), Secret(form.raw("new"))
    try:
        await actions.change_password(house, by, current, new, session_token(request))
    except BaseflyError as error:
        return await _settings(request, house, by, password_error=error)
    return await _settings(request, house, by, said=t("The password is changed; every other session has ended."))


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


@post("/settings/sessions/{session_id:uuid}/endings", permission=SIGNED_IN)
async def end_session(tx: Tx, by: Principal, session_id: UUID) -> Response[None]:
    """Ends one of one's own sessions."""
    await actions.end_session(tx, by, session_id)
    return redirect("/settings#sessions")


@post("/settings/tokens", permission=SIGNED_IN)
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


def _sign_in(request: Request, *, next_: str, email: str = "", error: BaseflyError | None = None) -> Response[str]:
    answer = render(
        request,
        "identity/sign-in.html",
        status=error.status if error else 200,
        next=next_,
        email=email,
        error=error,
    )
    if error and (wait := error.extra.get("retry_after")):
        answer.headers["Retry-After"] = str(wait)
    return answer


async def _settings(request: Request, house: House, by: Principal, **said: Any) -> Response[str]:
    async with house.db.transaction(by.org_id) as tx:
        sessions = await actions.sessions(tx, by, session_token(request), house.settings.session_idle)
        kept = await actions.tokens(tx, by)
    known = house.get(Permissions)
    may = [(name, known[name]) for name in sorted(known) if by.may(name)]
    errors = [error for error in said.values() if isinstance(error, BaseflyError)]
    context = {
        "sessions": sessions,
        "tokens": kept,
        "lifetimes": lifetimes(),
        "permissions": may,
        "choices": choices(),
        **said,
    }
    return render(request, "identity/settings.html", status=errors[0].status if errors else 200, **context)
