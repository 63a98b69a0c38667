"""Who comes in: authentication, the route's permission, and proof that a browser's own page sent the request."""

from __future__ import annotations

import base64
import hashlib
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from hmac import compare_digest
from typing import Any, Protocol
from urllib.parse import urlsplit

import structlog
from litestar.connection import ASGIConnection
from litestar.datastructures import Cookie
from litestar.handlers import BaseRouteHandler

from basefly.base.db.transaction import Tx
from basefly.base.errors import BaseflyError, Denied, FactorNeeded, NotFound, Unauthenticated
from basefly.base.principal import Principal
from basefly.base.runtime.house import House
from basefly.base.settings import Settings
from basefly.base.web import preferences
from basefly.base.web.boundary import idempotency, rates
from basefly.base.web.boundary.overload import Door
from basefly.base.web.boundary.recall import Recall
from basefly.base.web.requests import LAG, Request
from basefly.base.web.routing import PUBLIC, REPLICA, SIGNED_IN

FORM_TOKEN = "csrf"  # noqa: S105  # the name of the field, which is no secret


class Authenticate(Protocol):
    """Tells who asks: None for nobody, raises Unauthenticated for a credential that is not good (any more)."""

    async def __call__(self, request: Request, *, touch: bool = True) -> Principal | None:
        """`touch` counts the request as use, which keeps a session from expiring."""
        ...


@dataclass(frozen=True)
class Plugs:
    """What the floors above plug into the frame, which knows neither people nor pages."""

    authenticate: Authenticate
    refused: Callable[[Request, BaseflyError], Awaitable[None]]  # an attempt to change something came to nothing
    shell: Callable[[Request], Mapping[str, Any]]  # what every page shows around its own matter
    explain: Callable[[Request, BaseflyError], Awaitable[Mapping[str, Any]]]  # what an error page adds to its error


async def guard(connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> None:
    """Let the request in, or raise Unauthenticated or Denied. Whatever goes wrong in here refuses it."""
    permission = handler.opt.get("permission")
    if permission is None:  # check() has seen all of ours: what is left are the framework's own
        if connection.scope.get("method") == "OPTIONS":
            return
        raise NotFound("There is no page at this address.")  # its pages of the API, open to anyone
    request = Request(connection.scope, connection.receive)
    class_ = rates.class_of(handler, unsafe=request.unsafe)
    request.house.get(Door).admit(request, class_)
    await rates.admit_network(request, class_)
    if request.unsafe or _stays_open(request, handler):
        _same_origin(request)
    if permission == PUBLIC:
        return
    by = await request.house.get(Recall).authenticate(request)
    if by is None:
        raise Unauthenticated(
            "Nobody is signed in.", cure="Sign in, or send an API token as `Authorization: Bearer …`."
        )
    connection.scope["user"] = by
    await rates.admit_principal(request, class_, by)
    preferences.adopt(request)
    structlog.contextvars.bind_contextvars(user_id=str(by.user_id), org_id=str(by.org_id))
    if request.unsafe and by.kind == "session" and request.form_like:
        await _own_form(request)
    if by.confined and not handler.opt.get("without_factor"):
        raise FactorNeeded(
            "Your organization requires a second factor, and you have none yet.",
            cure="Set up an authenticator app or a passkey under Settings, Security.",
        )
    if permission != SIGNED_IN:
        by.require(permission)
    recent = handler.opt.get("recent")
    if recent is True or (recent and by.kind == "session"):
        by.require_recent()
    if request.unsafe:
        request.house.db.wrote(by.user_id)
    await idempotency.claim(request, by)


# Each needs the one before it, whether it uses it or not: what could be brought at once the framework brings in tasks
# of a group, which takes a tenth of the time of a request.


def house(request: Request) -> House:
    """The dependency `house`."""
    return request.house


def principal(request: Request, house: House) -> Principal | None:  # noqa: ARG001  # see above
    """The dependency `by`: None on what is public, where no route may ask for it."""
    return request.by


async def transaction(request: Request, by: Principal | None) -> AsyncIterator[Tx]:
    """The dependency `tx`: committed before the answer is sent, rolled back on any exception."""
    handler = request.scope.get("route_handler")
    if handler.opt.get(REPLICA) and not request.unsafe:
        async with reading(request) as tx:
            yield tx
        return
    if request.form_like:  # a form that is still on its way must not hold one of a few connections to the database
        await request.body()
    async with request.house.db.transaction(by.org_id if by else None) as tx:
        yield tx
        await idempotency.acted(request, tx)


@asynccontextmanager
async def reading(request: Request) -> AsyncIterator[Tx]:
    """A transaction for what a page or a list shows: of the replica if there is one, and never for what decides.

    What is renewed because something has changed is read where it has changed, for no second notice will come.
    """
    by, db = request.by, request.house.db
    renewed = "x-fragment" in request.headers
    if by is None or renewed:
        async with db.transaction(by.org_id if by else None) as tx:
            yield tx
        return
    async with db.reading(by.org_id, by=by.user_id) as tx:
        if tx.behind is not None:
            request.state[LAG] = tx.behind
        yield tx


def session_name(settings: Settings) -> str:
    """The session cookie's name. `__Host-` makes browsers insist on https, no domain and the whole path."""
    return "__Host-basefly" if _encrypted(settings) else "basefly"


def session_cookie(settings: Settings, token: str, lifetime: timedelta) -> Cookie:
    """The cookie that carries a session; an empty token and no lifetime take it away."""
    return Cookie(
        key=session_name(settings),
        value=token,
        max_age=int(lifetime.total_seconds()),
        path="/",
        secure=_encrypted(settings),
        httponly=True,
        samesite="lax",
    )


def pending_cookie(settings: Settings, token: str, lifetime: timedelta) -> Cookie:
    """The cookie of a sign-in on its way, which binds it to one browser. It opens nothing by itself."""
    return replace(session_cookie(settings, token, lifetime), key=f"{session_name(settings)}-pending")


def pending_token(request: Request) -> str:
    """What the cookie of a sign-in on its way holds; empty without one."""
    return request.cookies.get(f"{session_name(request.house.settings)}-pending", "")


def session_token(request: Request) -> str:
    """What the session cookie holds; empty without one."""
    return request.cookies.get(session_name(request.house.settings), "")


def adopt_session(request: Request, token: str) -> None:
    """Go on as if the request had come with this session: a page made after its secret changed must fit the new one."""
    request.cookies[session_name(request.house.settings)] = token


def form_token(request: Request) -> str:
    """The token that forms of this session carry: only pages that we rendered for it can know it.

    It is hidden under a pad of its own each time: pages go out compressed, and their size must not tell it (BREACH).
    """
    pad = secrets.token_bytes(32)
    return base64.urlsafe_b64encode(pad + _xor(pad, _form_secret(request))).rstrip(b"=").decode()


def _form_secret(request: Request) -> bytes:
    return hashlib.sha256(b"basefly form\0" + session_token(request).encode()).digest()


def _of_this_session(request: Request, token: str) -> bool:
    try:
        given = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
    except ValueError:
        return False
    return len(given) == 64 and compare_digest(_xor(given[:32], given[32:]), _form_secret(request))


def _xor(one: bytes, other: bytes) -> bytes:
    return bytes(a ^ b for a, b in zip(one, other, strict=True))


def _encrypted(settings: Settings) -> bool:
    return settings.url.startswith("https://")


def _stays_open(request: Request, handler: BaseRouteHandler) -> bool:
    """Whether the answer is a connection that goes on, which another site must not hold with our cookie."""
    return getattr(handler, "media_type", None) == "text/event-stream" or "upgrade" in request.headers


def _same_origin(request: Request) -> None:
    """Browsers say where a request comes from; programs with a token need not."""
    if request.headers.get("authorization"):
        return
    site = request.headers.get("sec-fetch-site")
    origin = request.headers.get("origin")
    if site in ("same-origin", "none") or (site is None and origin is None):
        return
    if site is None and origin and _ours(request, origin):
        return
    raise Denied("Another site sent this request.", cure="Open Basefly itself and do it there.")


def _ours(request: Request, origin: str) -> bool:
    parts = urlsplit(origin)
    ours = urlsplit(request.house.settings.url)
    return parts.netloc == request.headers.get("host") or (parts.scheme, parts.netloc) == (ours.scheme, ours.netloc)


async def _own_form(request: Request) -> None:
    given = (await request.form()).get(FORM_TOKEN, "")
    if not isinstance(given, str) or not _of_this_session(request, given):
        raise Denied("This form is not of your session.", cure="Reload the page and send the form again.")
