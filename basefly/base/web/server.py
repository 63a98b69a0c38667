"""The web application: routes, dependencies, errors and the frame around them, put together."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Sequence
from typing import Any
from urllib.parse import quote

import litestar
import structlog
from litestar import Litestar, Response, Router
from litestar.di import Provide
from litestar.exceptions import HTTPException, LitestarDeprecationWarning
from litestar.handlers import HTTPRouteHandler, WebsocketRouteHandler
from litestar.types import Receive, Scope, Send

from basefly.base.errors import BaseflyError, Denied, FactorNeeded, StepUpNeeded, Unauthenticated
from basefly.base.limits import Exceeded
from basefly.base.runtime.house import House
from basefly.base.web import gate, health, live, problems, requests, routing, static
from basefly.base.web.boundary import arrival, idempotency
from basefly.base.web.boundary.idempotency import Replayed
from basefly.base.web.boundary.overload import Door, TooBusy
from basefly.base.web.boundary.recall import Recall
from basefly.base.web.boundary.sharing import Written
from basefly.base.web.frame import framed
from basefly.base.web.gate import Plugs
from basefly.base.web.openapi import docs, document
from basefly.base.web.requests import Request
from basefly.base.web.templates import render

MOST_BODY = 2 * 1024 * 1024  # bytes; a kubeconfig of some hundred contexts has a few hundred kilobytes

log = structlog.get_logger("basefly.web")

VITAL = (health.live, health.ready, health.metrics)
OWN = (
    *VITAL,
    live.live,
    static.static,
    static.worker,
    document.openapi_json,
    docs.index,
    docs.page,
)


class Hub:
    """The application in its house, with the frame around it: what a server serves."""

    def __init__(self, routed: Litestar, house: House, plugs: Plugs) -> None:
        self.routed = routed
        self.house = house
        self._state = {"house": house, "plugs": plugs}
        self._door = house.get(Door)
        self._framed = framed(self._unframed, house.settings)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._framed(scope, receive, send)

    async def _unframed(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The application as the frame sees it."""
        scope.setdefault("state", {}).update(self._state)
        if await self._door.turned_away(scope, send):
            return
        if scope.get("method") in requests.UNSAFE:
            send = self.house.get(Recall).forgetting(send)
        await idempotency.kept(self.routed, scope, arrival.timely(scope, receive), send, self.house)


def build(
    *,
    api: Sequence[HTTPRouteHandler],
    pages: Sequence[HTTPRouteHandler],
    sockets: Sequence[WebsocketRouteHandler] = (),
    permissions: Iterable[str],
) -> Litestar:
    """The routes, which know no house. Raises ValueError for a route without a known permission."""
    routing.check([*OWN, live.changes, *api, *pages, *sockets], permissions)
    return _routed(
        *OWN,
        Router("/api/v1", route_handlers=[live.changes, *api], response_class=Written),
        Router("/", route_handlers=[*pages, *sockets], include_in_schema=False),
    )


def vital() -> Litestar:
    """The routes of a process that serves no pages: whether it lives and can work, and its figures."""
    return _routed(*VITAL)


def _routed(*handlers: HTTPRouteHandler | Router) -> Litestar:
    with warnings.catch_warnings():
        # A parameter's name says where it comes from; the framework's next major wants it in the type as well.
        warnings.simplefilter("ignore", LitestarDeprecationWarning)
        return Litestar(
            route_handlers=handlers,
            dependencies={
                "by": Provide(gate.principal, sync_to_thread=False),
                "house": Provide(gate.house, sync_to_thread=False),
                "tx": Provide(gate.transaction),
                "form": Provide(requests.form),
            },
            guards=[gate.guard],
            exception_handlers={Exception: _told, HTTPException: _told},
            after_exception=[_recorded],
            request_class=Request,
            request_max_body_size=MOST_BODY,
            openapi_config=document.CONFIG,
            logging_config=None,
            debug=False,
        )


async def _recorded(error: Exception, scope: Scope) -> None:
    """Leave a record of what was refused and of changes that came to nothing, and find out what its page can add."""
    request = Request(scope)
    told = problems.known(error) or BaseflyError()
    if isinstance(told, Replayed):
        return
    if isinstance(told, Exceeded | TooBusy):  # telling of each would cost more than the request
        return
    if request.by and (request.unsafe or isinstance(told, Denied)):
        await request.plugs.refused(request, told)
    if _wants_page(request):
        request.state.explained = await request.plugs.explain(request, told)


def _told(incoming: litestar.Request[Any, Any, Any], error: Exception) -> Response[Any]:
    """Any exception as an answer."""
    request = Request(incoming.scope, incoming.receive)
    told = problems.known(error)
    if isinstance(told, Replayed):
        headers = {**told.stored.headers, "Idempotency-Replayed": "true"}
        return Response(told.stored.body, status_code=told.stored.status, headers=headers, media_type="text/plain")
    if told is None:
        log.error("a request failed", path=request.url.path, exc_info=error)
        told = BaseflyError("The hub failed while it answered.", cure="Its log says more under this request id.")
    headers = dict(getattr(error, "headers", None) or {})
    if wait := told.extra.get("retry_after"):
        headers["Retry-After"] = str(wait)
    if isinstance(told, Unauthenticated):
        headers["WWW-Authenticate"] = 'Bearer realm="Basefly"'
    answer = _page(request, told) if _wants_page(request) else None
    if answer is None:
        answer = Response(problems.document(told), status_code=told.status, media_type=problems.MEDIA_TYPE)
    answer.headers.update(headers)
    return answer


def _wants_page(request: Request) -> bool:
    """Whether a whole page is wanted: who asks for a part of one can do nothing with the page of an error."""
    return request.prefers_html and "x-fragment" not in request.headers


def _page(request: Request, error: BaseflyError) -> Response[Any]:
    if isinstance(error, FactorNeeded):
        return _sent_to("/settings/security")
    if door := _door(request, error):
        return _sent_to(f"{door}?next={quote(_back(request), safe='')}")
    return render(
        request, "console/error.html", status=error.status, problem=problems.problem(error), **_extra(request)
    )


def _door(request: Request, error: BaseflyError) -> str:
    """The page that lets in whoever was kept out by this error; empty for what no page can cure."""
    if isinstance(error, StepUpNeeded):
        return "/confirm"
    return "/sign-in" if isinstance(error, Unauthenticated) and request.method == "GET" else ""


def _back(request: Request) -> str:
    """Where to go on afterwards: this page, or for a form the one that it is on, as its route says."""
    path = request.url.path
    if request.method != "GET":
        handler: Any = request.scope.get("route_handler")  # None where nothing lives at the address
        named = {name: quote(str(value), safe="") for name, value in request.path_params.items()}
        path = str(handler.opt.get("back", "/")).format(**named) if handler else "/"
    return path + (f"?{request.url.query}" if request.url.query else "")


def _sent_to(address: str) -> Response[None]:
    return Response(None, status_code=303, headers={"Location": address}, media_type="text/plain")


def _extra(request: Request) -> dict[str, Any]:
    """What was found out about the error, and where its page may lead back to."""
    return {"explained": dict(request.state.get("explained") or {}), "back": _back(request)}
