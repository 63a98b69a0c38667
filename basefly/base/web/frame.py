"""Around every answer, errors and 404 included: ids, security headers, HEAD, one log line, and figures."""

from __future__ import annotations

import secrets
import time
from typing import Any, cast

import structlog
from litestar import Response
from litestar.enums import ScopeType
from litestar.status_codes import HTTP_200_OK
from litestar.types import ASGIApp, HTTPResponseBodyEvent, HTTPResponseStartEvent, Message, Receive, Scope, Send

from basefly.base.errors import BaseflyError
from basefly.base.settings import Settings
from basefly.base.telemetry import trace
from basefly.base.telemetry.metrics import Counter, Gauge, Histogram
from basefly.base.web import compression
from basefly.base.web.boundary import rates
from basefly.base.web.preferences import read
from basefly.base.web.problems import MEDIA_TYPE, document
from basefly.base.web.requests import LAG, Request, client_address

log = structlog.get_logger("basefly.web")

_REQUESTS = Counter("basefly_http_requests", "Answers given", ["method", "route", "status"])
_SECONDS = Histogram("basefly_http_request_seconds", "Until the whole answer was sent", ["method", "route"])
_OPEN = Gauge("basefly_http_requests_open", "Requests in hand, streams among them")

_CONVERSATIONS = Gauge("basefly_websockets_open", "WebSockets that are open")

_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")  # a hostile method must not grow the metrics
_QUIET = ("/health/", "/static/", "/metrics")

_POLICY = (
    "default-src 'none'; script-src 'self' 'nonce-{nonce}'; style-src 'self' 'nonce-{nonce}'; img-src 'self' data:; "
    "font-src 'self'; connect-src 'self'; manifest-src 'self'; worker-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types basefly"
)
# For whatever is sent; a file that a page is made of needs no more, and there are many of them on a first visit.
_ALWAYS = (
    (b"x-content-type-options", b"nosniff"),
    (b"cross-origin-resource-policy", b"same-origin"),
)
_FIXED = (
    *_ALWAYS,
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=(), payment=(), usb=()"),
    (b"x-frame-options", b"DENY"),
)


def with_inline_styles(request: Request, answer: Response[Any]) -> Response[Any]:
    """A page whose scripts may write styles as they go, as a terminal must; all else is as strict as elsewhere."""
    nonce = str(request.scope["state"].get("nonce", ""))
    strict = f"style-src 'self' 'nonce-{nonce}'"
    policy = _POLICY.format(nonce=nonce).replace(strict, "style-src 'self' 'unsafe-inline'")
    answer.headers["Content-Security-Policy"] = policy
    return answer


class _Sent(Exception):
    """The answer to HEAD is complete; what the route would still send is not wanted."""


class Exchange:
    """One request and its answer, as seen from the outside."""

    def __init__(self, scope: Scope, send: Send, settings: Settings) -> None:
        self.method = str(scope.get("method", ""))
        self.status = 0
        self.headed = False
        self.nonce = secrets.token_urlsafe(16)
        self.trace = _received(scope, settings.trusted_proxies)
        self._send = send
        self._held: HTTPResponseStartEvent | None = None
        self._encrypted = settings.url.startswith("https://")
        self._began = time.perf_counter()
        # A copy: the server must go on knowing that it answers HEAD, or it sends a body's end into the next answer.
        self.scope = cast("Scope", {**scope, "state": {**scope.get("state", {}), "nonce": self.nonce}})
        if self.method == "HEAD":
            self.scope["method"] = "GET"  # type: ignore[typeddict-unknown-key]  # an HTTP scope has it

    async def send(self, message: Message) -> None:
        """Pass a part of the answer on, completed with our headers; a page goes out in one piece, compressed."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = message["headers"] = self._completed(list(message.get("headers", [])))
            if self.method != "HEAD" and compression.wanted(list(self.scope["headers"]), headers):
                self._held = message
                return
        elif self._held and message["type"] == "http.response.body":
            await self._release(self._held, message)
        elif self.method == "HEAD" and message["type"] == "http.response.body":
            self.headed = True
            await self._send({"type": "http.response.body", "body": b"", "more_body": False})
            raise _Sent
        await self._send(message)

    async def _release(self, start: HTTPResponseStartEvent, message: HTTPResponseBodyEvent) -> None:
        """Send the start that was held, now that the body is known; one that comes in parts goes as it is."""
        self._held = None
        if not message.get("more_body"):
            start["headers"], message["body"] = compression.compressed(list(start["headers"]), message["body"])
        await self._send(start)

    async def apologize(self) -> None:
        """The last resort: something failed where nothing may fail."""
        body = document(BaseflyError("The hub failed while it answered.", cure="Its log says more under this id."))
        headers = [(b"content-type", MEDIA_TYPE.encode()), (b"content-length", str(len(body)).encode())]
        await self.send({"type": "http.response.start", "status": 500, "headers": headers})
        await self.send({"type": "http.response.body", "body": body, "more_body": False})

    def note(self) -> None:
        """Count the exchange, and write its line."""
        seconds = time.perf_counter() - self._began
        route = str(self.scope.get("path_template") or "none")
        method = self.method if self.method in _METHODS else "other"
        _REQUESTS.labels(method, route, self.status).inc()
        _SECONDS.labels(method, route).observe(seconds)
        path = str(self.scope.get("path", ""))
        level = "debug" if path.startswith(_QUIET) and self.status < 400 else "info"
        getattr(log, level)("answered", method=method, path=path, status=self.status, ms=round(seconds * 1000, 1))

    def _completed(self, headers: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
        given = {name.lower() for name, _ in headers}
        ours = list(_ALWAYS) if self.status == HTTP_200_OK and _is_file(self.scope) else self._ours()
        told = [(name, _with_head(value) if name.lower() == b"allow" else value) for name, value in headers]
        return [*told, *((name, value) for name, value in ours if name not in given)]

    def _ours(self) -> list[tuple[bytes, bytes]]:
        ours = [
            *_FIXED,
            (b"content-security-policy", _POLICY.format(nonce=self.nonce).encode()),
            (b"x-request-id", self.trace.request_id.encode()),
            (b"traceresponse", self.trace.parent.encode()),
            (b"cache-control", b"no-store" if _is_data(self.scope) else b"private, no-cache"),
            (b"vary", b"Accept, Accept-Encoding, Accept-Language, Cookie, X-Fragment"),
        ]
        ours.extend(rates.headers(self.scope) if _is_data(self.scope) else ())
        if (lag := self.scope["state"].get(LAG)) is not None:
            ours.append((b"x-basefly-replica-lag", f"{lag:.3f}".encode()))
        if self._encrypted:
            ours.append((b"strict-transport-security", b"max-age=63072000; includeSubDomains"))
        return ours


def framed(app: ASGIApp, settings: Settings) -> ASGIApp:
    """The application with our frame around every exchange, a WebSocket's conversation among them."""

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP:
            await _conversed(app, scope, receive, send, settings)
            return
        exchange = Exchange(scope, send, settings)
        with trace.entered(exchange.trace), _OPEN.track_inprogress(), read(exchange.scope):
            try:
                await app(exchange.scope, receive, exchange.send)
            except _Sent:
                pass
            except Exception:
                if exchange.headed:  # the framework wraps our _Sent into an error of its own
                    return
                log.exception("failed", path=scope.get("path"))
                if exchange.status:
                    raise  # half an answer is out: the server cuts the connection, so that nobody takes it for whole
                await exchange.apologize()
            finally:
                exchange.note()
                structlog.contextvars.clear_contextvars()

    return answer


async def _conversed(app: ASGIApp, scope: Scope, receive: Receive, send: Send, settings: Settings) -> None:
    """A WebSocket from its opening request to its end."""
    began = time.perf_counter()
    opened = cast("Scope", {**scope, "state": {**scope.get("state", {}), "nonce": ""}})
    with trace.entered(_received(opened, settings.trusted_proxies)), _CONVERSATIONS.track_inprogress(), read(opened):
        try:
            await app(opened, receive, send)
        finally:
            log.info("conversed", path=str(scope.get("path", "")), seconds=round(time.perf_counter() - began, 3))
            structlog.contextvars.clear_contextvars()


def _received(scope: Scope, trusted: int) -> trace.Trace:
    headers = dict(scope["headers"])
    words = [headers.get(name, b"").decode("latin-1") for name in (b"traceparent", b"tracestate", b"x-request-id")]
    forwarded = [value.decode("latin-1") for name, value in scope["headers"] if name == b"x-forwarded-for"]
    peer, _ = scope.get("client") or ("", 0)
    return trace.received(*words, address=client_address(peer, forwarded, trusted))


def _is_data(scope: Scope) -> bool:
    return str(scope.get("path", "")).startswith(("/api/", "/metrics"))


def _is_file(scope: Scope) -> bool:
    """Whether it is a script, a style or an image of ours, which is the same for everybody."""
    return str(scope.get("path", "")).startswith("/static/")


def _with_head(allow: bytes) -> bytes:
    methods = {method.strip() for method in allow.decode().split(",")}
    return ", ".join(sorted(methods | ({"HEAD"} if "GET" in methods else set()))).encode()
