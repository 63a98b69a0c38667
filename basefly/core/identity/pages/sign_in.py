"""Sign-in in one step or two, and sign-out."""

from __future__ import annotations

from typing import Any

from basefly.base.db.transaction import Tx
from basefly.base.errors import BaseflyError, Unauthenticated
from basefly.base.principal import Principal
from basefly.base.runtime.house import House
from basefly.base.secret import Secret
from basefly.base.web import (
    PUBLIC,
    SIGNED_IN,
    WITHOUT_FACTOR,
    Form,
    Request,
    Response,
    get,
    pending_token,
    post,
    redirect,
    render,
    session_token,
)
from basefly.core.identity import actions, browser, signing
from basefly.core.identity.signing import Halfway, Proof, SignedIn


@get("/sign-in", permission=PUBLIC)
async def sign_in_page(request: Request, house: House) -> Response[str]:
    """The form to sign in with; whoever waited for a second step begins again."""
    answer = _page(request, "sign-in", next=_next(request))
    if pending_token(request):
        answer.set_cookie(browser.came(house))
    return answer


@post("/sign-in", permission=PUBLIC)
async def sign_in(request: Request, house: House, form: Form) -> Response[Any]:
    """Begins a session and leads to where one wanted to go, or asks for the second step."""
    email, password, next_ = form.text("email"), Secret(form.raw("password")), form.text("next", "/")
    try:
        came = await signing.with_password(house, email, password, browser.origin(request))
    except BaseflyError as error:
        return _page(request, "sign-in", next=next_, email=email, error=error)
    if isinstance(came, Halfway):
        answer = _page(request, "second-step", next=next_, ways=came.ways)
        answer.set_cookie(browser.waiting(house, came.secret.reveal()))
        return answer
    return _in(house, came, next_)


@get("/sign-in/second-step", permission=PUBLIC)
async def second_step_page(request: Request, house: House) -> Response[Any]:
    """The form of the second step; whoever has not begun is led to the first."""
    try:
        ways = await signing.ways(house.db, pending_token(request))
    except Unauthenticated:
        return redirect("/sign-in")
    return _page(request, "second-step", next=_next(request), ways=ways)


@post("/sign-in/second-step", permission=PUBLIC)
async def second_step(request: Request, house: House, form: Form) -> Response[Any]:
    """Completes the sign-in with a code."""
    pending, next_ = pending_token(request), form.text("next", "/")
    proof = Proof(totp=form.text("totp"), recovery=form.text("recovery"))
    try:
        return _in(house, await signing.with_code(house, pending, proof, browser.origin(request)), next_)
    except BaseflyError as error:
        try:
            ways = await signing.ways(house.db, pending)
        except Unauthenticated:
            return _page(request, "sign-in", next=next_, error=error)
        return _page(request, "second-step", next=next_, ways=ways, error=error, recovery=bool(proof.recovery))


@post("/sign-out", permission=SIGNED_IN, opt=WITHOUT_FACTOR)
async def sign_out(request: Request, house: House, tx: Tx, by: Principal) -> Response[None]:
    """Ends the session and leads to the sign-in page."""
    await actions.sign_out(tx, by, session_token(request))
    answer = redirect("/sign-in")
    answer.headers.update(browser.FORGET)
    answer.set_cookie(browser.gone(house))
    return answer


def _in(house: House, came: SignedIn, next_: str) -> Response[None]:
    answer = redirect(next_)
    answer.set_cookie(browser.kept(house, came.secret))
    answer.set_cookie(browser.came(house))
    return answer


def _next(request: Request) -> str:
    return request.query_params.get("next", "/")


def _page(request: Request, name: str, *, error: BaseflyError | None = None, **context: Any) -> Response[Any]:
    status = error.status if error else 200
    answer = render(request, f"identity/{name}.html", status=status, error=error, **context)
    if error and (wait := error.extra.get("retry_after")):
        answer.headers["Retry-After"] = str(wait)
    answer.headers.update(getattr(error, "headers", {}))  # the wait of whoever goes on to their company's provider
    return answer


HANDLERS = (sign_in_page, sign_in, second_step_page, second_step, sign_out)
