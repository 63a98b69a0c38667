"""The pages behind the links that are mailed, and the one to ask for one."""

from __future__ import annotations

from typing import Any

from basefly.base.errors import BaseflyError
from basefly.base.principal import Principal
from basefly.base.runtime.house import House
from basefly.base.secret import Secret
from basefly.base.web import PUBLIC, RECENT, SIGNED_IN, Form, Request, Response, get, post, render
from basefly.base.web.language import t
from basefly.core.identity import browser
from basefly.core.identity.mail import links, outbox
from basefly.core.identity.pages import security


@get("/forgot-password", permission=PUBLIC)
async def forgot_page(request: Request, house: House) -> Response[str]:
    """The form to ask for a link; without mail, what to do instead."""
    return _page(request, "forgot-password", mail=outbox.configured(house), asked=False)


@post("/forgot-password", permission=PUBLIC)
async def forgot(request: Request, house: House, form: Form) -> Response[str]:
    """Asks for a link; the answer does not tell whether there is such an account."""
    email = form.text("email")
    try:
        await links.ask_reset(house, email, browser.origin(request))
    except BaseflyError as error:
        return _page(request, "forgot-password", mail=outbox.configured(house), asked=False, email=email, error=error)
    return _page(request, "forgot-password", mail=True, asked=True)


@get("/reset-password", permission=PUBLIC)
async def reset_page(request: Request) -> Response[str]:
    """The form for the password to come; the link's secret stays in the address's fragment until it is sent."""
    return _page(request, "reset-password", done=False)


@post("/reset-password", permission=PUBLIC)
async def reset(request: Request, house: House, form: Form) -> Response[str]:
    """Takes the password."""
    token = form.text("token")
    try:
        await links.reset(house, token, Secret(form.raw("password")), browser.origin(request))
    except BaseflyError as error:
        return _page(request, "reset-password", done=False, token=token, error=error)
    return _page(request, "reset-password", done=True)


@get("/verify-email", permission=PUBLIC)
async def verify_page(request: Request) -> Response[str]:
    """The button that verifies an address; opening the link alone does not, for scanners of mail open links too."""
    return _page(request, "verify-email", done=False)


@post("/verify-email", permission=PUBLIC)
async def verify(request: Request, house: House, form: Form) -> Response[str]:
    """Verifies it."""
    try:
        await links.verify(house, form.text("token"), browser.origin(request))
    except BaseflyError as error:
        return _page(request, "verify-email", done=False, token=form.text("token"), error=error)
    return _page(request, "verify-email", done=True)


@post(f"{security.HOME}/email", permission=SIGNED_IN, opt={**RECENT, "back": security.HOME})
async def change_email(request: Request, house: House, by: Principal, form: Form) -> Response[Any]:
    """Sends a link to an address, by which it becomes one's own."""
    email = form.text("email")
    try:
        await links.ask_verification(house, by, email)
    except BaseflyError as error:
        return await security.page(request, house, by, email_error=error, email=email)
    return await security.page(request, house, by, said=t("An e-mail is on its way to {email}.", email=email))


def _page(request: Request, name: str, *, error: BaseflyError | None = None, **context: Any) -> Response[str]:
    answer = render(
        request, f"identity/links/{name}.html", status=error.status if error else 200, error=error, **context
    )
    if error and (wait := error.extra.get("retry_after")):
        answer.headers["Retry-After"] = str(wait)
    return answer


HANDLERS = (forgot_page, forgot, reset_page, reset, verify_page, verify, change_email)
