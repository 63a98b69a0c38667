"""One's own security: factors, recovery codes, the password; and the page to prove oneself anew."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from basefly.base.errors import BaseflyError, Invalid
from basefly.base.principal import Principal
from basefly.base.runtime.house import House
from basefly.base.secret import Secret
from basefly.base.web import (
    RECENT,
    SIGNED_IN,
    WITHOUT_FACTOR,
    Form,
    Request,
    Response,
    adopt_session,
    get,
    post,
    redirect,
    render,
    session_token,
)
from basefly.base.web.language import t
from basefly.core.identity import actions, browser, proving
from basefly.core.identity.mail import outbox
from basefly.core.identity.signing import Proof

HOME = "/settings/security"
_RECENT = {**RECENT, "back": HOME}
_SETTING_UP = {**_RECENT, **WITHOUT_FACTOR}


@get(HOME, permission=SIGNED_IN, opt=WITHOUT_FACTOR)
async def security_page(request: Request, house: House, by: Principal) -> Response[str]:
    """What one proves oneself with."""
    return await page(request, house, by)


@post(f"{HOME}/totp", permission=SIGNED_IN, opt=_SETTING_UP)
async def begin_totp(house: House, by: Principal) -> Response[None]:
    """Makes the secret of an authenticator app and shows it."""
    await proving.begin_totp(house, by)
    return redirect(f"{HOME}/totp")


@get(f"{HOME}/totp", permission=SIGNED_IN, opt=_SETTING_UP)
async def totp_page(request: Request, house: House, by: Principal) -> Response[Any]:
    """The secret of the app to come, and the form for its first code."""
    return await _totp(request, house, by)


@post(f"{HOME}/totp/confirmations", permission=SIGNED_IN, opt=_SETTING_UP)
async def confirm_totp(request: Request, house: House, by: Principal, form: Form) -> Response[Any]:
    """The first code makes the app a factor."""
    try:
        done = await proving.confirm_totp(house, by, session_token(request), form.text("code"))
    except BaseflyError as error:
        return await _totp(request, house, by, error=error)
    return _done(request, house, done, t("The authenticator app is set up; every other session has ended."))


@post(f"{HOME}/totp/removals", permission=SIGNED_IN, opt=_RECENT)
async def remove_totp(request: Request, house: House, by: Principal) -> Response[None]:
    """Takes the app away."""
    await proving.remove_totp(house, by, session_token(request))
    return redirect(HOME)


@get(f"{HOME}/passkeys", permission=SIGNED_IN, opt=_SETTING_UP)
async def passkey_page(request: Request) -> Response[str]:
    """The form that makes a passkey; a script of the page does the making."""
    return render(request, "identity/passkey.html")


@post(f"{HOME}/passkeys/{{passkey_id:uuid}}/names", permission=SIGNED_IN)
async def rename_passkey(request: Request, house: House, by: Principal, form: Form, passkey_id: UUID) -> Response[Any]:
    """Calls a passkey otherwise."""
    try:
        await proving.rename_passkey(house, by, passkey_id, form.text("name"))
    except Invalid as error:
        return await page(request, house, by, error=error)
    return redirect(f"{HOME}#passkeys")


@post(f"{HOME}/passkeys/{{passkey_id:uuid}}/removals", permission=SIGNED_IN, opt=_RECENT)
async def remove_passkey(request: Request, house: House, by: Principal, passkey_id: UUID) -> Response[None]:
    """Takes a passkey away."""
    await proving.remove_passkey(house, by, session_token(request), passkey_id)
    return redirect(HOME)


@post(f"{HOME}/recovery-codes", permission=SIGNED_IN, opt=_RECENT)
async def make_recovery_codes(request: Request, house: House, by: Principal) -> Response[Any]:
    """Makes ten new codes and shows them, this once."""
    try:
        codes = await proving.make_recovery_codes(house, by)
    except BaseflyError as error:
        return await page(request, house, by, error=error)
    return _shown_once(render(request, "identity/recovery-codes.html", codes=codes, said=""))


@post(f"{HOME}/password", permission=SIGNED_IN, opt=_RECENT)
async def change_password(request: Request, house: House, by: Principal, form: Form) -> Response[Any]:
    """Takes another password and ends every other session."""
    current, new = Secret(form.raw("current")), Secret(form.raw("new"))
    try:
        await actions.change_password(house, by, current, new, session_token(request))
    except BaseflyError as error:
        return await page(request, house, by, password_error=error)
    return await page(request, house, by, said=t("The password is changed; every other session has ended."))


@post(f"{HOME}/sessions/{{session_id:uuid}}/endings", permission=SIGNED_IN)
async def end_session(house: House, by: Principal, session_id: UUID) -> Response[None]:
    """Ends one of one's own sessions."""
    async with house.db.transaction(by.org_id) as tx:
        await actions.end_session(tx, by, session_id)
    return redirect(f"{HOME}#sessions")


@post(f"{HOME}/sessions/endings", permission=SIGNED_IN)
async def end_others(request: Request, house: House, by: Principal) -> Response[None]:
    """Ends every session but this one."""
    async with house.db.transaction(by.org_id) as tx:
        await actions.end_others(tx, by, session_token(request))
    return redirect(f"{HOME}#sessions")


@get("/confirm", permission=SIGNED_IN, opt=WITHOUT_FACTOR)
async def confirm_page(request: Request, house: House, by: Principal) -> Response[str]:
    """The form to prove oneself anew."""
    return await _confirm(request, house, by, next_=request.query_params.get("next", "/"))


@post("/confirm", permission=SIGNED_IN, opt=WITHOUT_FACTOR)
async def confirm(request: Request, house: House, by: Principal, form: Form) -> Response[Any]:
    """Proves it, and leads back to what needed it."""
    proof = Proof(Secret(form.raw("password")), form.text("totp"), form.text("recovery"))
    try:
        fresh = await proving.by_word(house, by, session_token(request), proof)
    except BaseflyError as error:
        return await _confirm(request, house, by, next_=form.text("next", "/"), error=error)
    answer = redirect(form.text("next", "/"))
    answer.set_cookie(browser.kept(house, fresh))
    return answer


async def page(request: Request, house: House, by: Principal, **said: Any) -> Response[str]:
    """The page of one's security, with what was said or went wrong."""
    own = await proving.own(house, by)
    async with house.db.transaction(by.org_id) as tx:
        sessions = await actions.sessions(tx, by, session_token(request), house.settings.session_idle)
        verified_at = await actions.email_verified_at(tx, by)
    errors = [error for error in said.values() if isinstance(error, BaseflyError)]
    context = {
        "totp": own.totp,
        "passkeys": own.passkeys,
        "recovery_codes": own.enrolled.recovery_codes,
        "sessions": sessions,
        "verified_at": verified_at,
        "mail": outbox.configured(house),
        "owns": by.may("access:own"),
        "recent": by.recent(),
        "confined": by.confined,
        **said,
    }
    return render(request, "identity/security.html", status=errors[0].status if errors else 200, **context)


async def _totp(request: Request, house: House, by: Principal, error: BaseflyError | None = None) -> Response[Any]:
    shown = await proving.shown_totp(house, by)
    if shown is None:
        return redirect(HOME)
    status = error.status if error else 200
    return _shown_once(render(request, "identity/totp.html", status=status, shown=shown, error=error))


async def _confirm(
    request: Request, house: House, by: Principal, *, next_: str, error: BaseflyError | None = None
) -> Response[str]:
    ways = await proving.ways(house, by)
    return render(
        request, "identity/confirm.html", status=error.status if error else 200, ways=ways, next=next_, error=error
    )


def _done(request: Request, house: House, done: proving.Set, said: str) -> Response[Any]:
    """The recovery codes where there are new ones; in any case the session's new cookie."""
    answer: Response[Any] = redirect(HOME)
    adopt_session(request, done.secret.reveal())
    if done.codes:
        answer = _shown_once(render(request, "identity/recovery-codes.html", codes=done.codes, said=said))
    answer.set_cookie(browser.kept(house, done.secret))
    return answer


def _shown_once(answer: Response[str]) -> Response[str]:
    """A page with a secret on it: no browser keeps it."""
    answer.headers["Cache-Control"] = "no-store"
    return answer


HANDLERS = (
    security_page,
    begin_totp,
    totp_page,
    confirm_totp,
    remove_totp,
    passkey_page,
    rename_passkey,
    remove_passkey,
    make_recovery_codes,
    change_password,
    end_session,
    end_others,
    confirm_page,
    confirm,
)
