"""Every route of the running application, and requests for it filled with the names and ids of somebody's things."""

from __future__ import annotations

import inspect
import os
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Literal, get_args, get_origin
from urllib.parse import quote

import msgspec
from litestar import Litestar
from litestar.handlers import HTTPRouteHandler
from litestar.routes import HTTPRoute, WebSocketRoute

from basefly.base.web.routing import PUBLIC, SIGNED_IN, permission_of

# Which kind of thing a parameter or a field of this name tells of. A path parameter that is not here fails the test:
# whoever adds one says what it stands for, and how world.py makes such a thing.
KINDS = {
    "cluster": "cluster",
    "set": "label",
    "context": "text",
    "operation": "text",
    "session_id": "session",
    "token_id": "token",
    "member_id": "member",
    "user_id": "member",
    "actor": "member",
    "view_id": "view",
    "resource": "resource",
    "kind": "resource",
    "namespace": "namespace",
    "name": "object",
    "q": "object",
    "find": "cluster",
    "open": "address",
    "object": "audited",
    "repository": "repository",
    "topic": "topic",
    "email": "email",
    "profile": "profile",
    "path": "file",
    "role_id": "role",
    "role": "role",
    "team_id": "team",
    "grant_id": "grant",
    "invitation_id": "invitation",
    "elevation_id": "elevation",
    "drain_id": "drain",
    "node": "object",
    "nodes": "object",
    "account_id": "account",
    "record_id": "record",
    "recording_id": "recording",
    "stream_id": "stream",
    "provider_id": "provider",
    "provider": "provider",
    "slug": "slug",
    "org_id": "org",
    "export_id": "export",
    "passkey_id": "passkey",
    "agent_id": "agent",
    "subject": "subject",
    "cluster_ids": "cluster id",
    "clusters": "cluster id",
    "namespaces": "namespace",
    "labels": "selector",
    "member": "member",
}
# Names that stand for something else on some paths.
SPECIAL = (
    (re.compile(r"/namespaces/\{name\}"), "name", "namespace"),
    (
        re.compile(r"/api/v1/(me|views|tokens|teams|roles|members|setup|service-accounts|identity-providers|audit)\b"),
        "name",
        "text",
    ),
    (
        re.compile(r"^/(settings|connect|access|service-accounts|single-sign-on|audit|invitation|setup)\b"),
        "name",
        "text",
    ),
    (re.compile(r"/service-accounts/\{account_id\}/tokens"), "token_id", "service token"),
    (re.compile(r"/(agent-tokens|connect/agent)\b"), "token_id", "agent token"),
    (re.compile(r"/service-accounts"), "role", "service role"),  # only the built-in ones
    (re.compile(r"^/(access|settings)\b"), "clusters", "chosen"),
    (re.compile(r"/identities"), "subject", "text"),
    (re.compile(r"^/static"), "name", "file"),
)
# Pages read their query themselves; these are the words that any of them may know.
PAGE_WORDS = ("cluster", "namespace", "q", "find", "open", "set")
ENDLESS = "text/event-stream"
_FRAMEWORK = {"by", "house", "tx", "request", "form", "data", "state", "headers", "cookies", "scope", "body"}
_SEVERAL = re.compile(r"form\.text\(name\) for name in \(([^)]*)\)")
_FIELDS = re.compile(r"""(?:form|request)\.(?:text|all|raw)\(\s*["'](\w+)["']""")


@dataclass(frozen=True)
class Route:
    """One path with one method."""

    method: str
    path: str  # "/api/v1/clusters/{cluster}"
    handler: HTTPRouteHandler = field(repr=False)
    parameters: tuple[str, ...]

    @property
    def key(self) -> str:
        return f"{self.method} {self.path}"

    @property
    def permission(self) -> str:
        return permission_of(self.handler)

    @property
    def public(self) -> bool:
        return self.permission == PUBLIC

    @property
    def governed(self) -> bool:
        """Whether a permission decides, rather than who one is."""
        return self.permission not in (PUBLIC, SIGNED_IN)

    @property
    def unsafe(self) -> bool:
        return self.method not in ("GET", "HEAD", "OPTIONS")

    @property
    def api(self) -> bool:
        return self.path.startswith("/api/")

    @property
    def endless(self) -> bool:
        return self.handler.media_type == ENDLESS

    @property
    def body(self) -> type[msgspec.Struct] | None:
        """What its JSON body must be."""
        found = self.handler.parsed_fn_signature.parameters.get("data")
        return found.annotation if found else None

    def kind(self, name: str) -> str | None:
        """What a name stands for on this path."""
        for path, special, kind in SPECIAL:
            if special == name and path.search(self.path):
                return kind
        return KINDS.get(name)

    @property
    def queries(self) -> list[str]:
        """The words of its query that tell of things."""
        if not self.api:
            return [] if self.unsafe else [name for name in PAGE_WORDS if name not in self.parameters]
        given = set(self.handler.parsed_fn_signature.parameters) - _FRAMEWORK - set(self.parameters)
        words = {{"topics": "topic", "object_": "object"}.get(name, name) for name in given}
        return sorted(name for name in words if self.kind(name))


@dataclass(frozen=True)
class Sent:
    """A request, and the values in it that an answer may repeat."""

    method: str
    url: str
    params: list[tuple[str, str]]
    json: Any = None
    form: dict[str, str] | None = None
    values: tuple[tuple[str, str], ...] = ()


def looked_at(found: list[Route]) -> list[Route]:
    """Of many routes every fourth, others each day; all of them with BASEFLY_EVERY_ROUTE (`make isolation`)."""
    if os.environ.get("BASEFLY_EVERY_ROUTE"):
        return found
    return found[date.today().toordinal() % 4 :: 4]  # noqa: DTZ011  # any day is as good


def routes(app: Litestar) -> list[Route]:
    """All routes of ours with every method they take."""
    found = [
        Route(method, route.path_format, handler, tuple(route.path_parameters))
        for route in app.routes
        if isinstance(route, HTTPRoute)
        for handler in route.route_handlers
        for method in sorted(handler.http_methods - {"OPTIONS", "HEAD"})
        if permission_of(handler)
    ]
    return sorted(found, key=lambda route: (route.path, route.method))


def sockets(app: Litestar) -> list[WebSocketRoute]:
    """All WebSockets of ours."""
    return sorted((each for each in app.routes if isinstance(each, WebSocketRoute)), key=lambda each: each.path_format)


def foreign(app: Litestar) -> list[str]:
    """Paths that the framework brings along, without any permission: they must be closed."""
    return sorted(
        route.path_format
        for route in app.routes
        if isinstance(route, HTTPRoute)
        for handler in route.route_handlers
        if not permission_of(handler) and "GET" in handler.http_methods
    )


def unknown(route: Route) -> list[str]:
    """Path parameters that nobody has said how to fill."""
    return [f"{route.key}: {name}" for name in route.parameters if route.kind(name) is None]


def fill(route: Route, things: Mapping[str, str], *, words: bool = True) -> Sent:
    """A request for this route with these things in its path and, with `words`, in its query and body."""
    used: dict[str, str] = {}

    def thing(name: str) -> str:
        kind = route.kind(name) or "text"
        used[kind] = things[kind]
        return things[kind]

    url = re.sub(r"\{(\w+)\}", lambda found: quote(thing(found[1]), safe=""), route.path)
    params = [(name, thing(name)) for name in route.queries] if words else []
    if route.endless and not words:
        params = [("topic", "things")]
    json = sample(route.body, lambda name: thing(name) if words and route.kind(name) else None) if route.body else None
    if words and route.key in PLACED:
        json = {**(json or {}), **_placed(route.key, thing)}
    form = None
    if route.unsafe and not route.api:
        form = {name: thing(name) if words else "quay" for name in _form_fields(route)}
    return Sent(route.method, url, params, json, form, tuple(used.items()))


# What gives something over a place says so in a body of bodies.
PLACED = {
    "POST /api/v1/grants": "where",
    "POST /api/v1/elevations": "where",
    "POST /api/v1/tokens": "clusters",
    "POST /api/v1/service-accounts/{account_id}/tokens": "clusters",
}


def _placed(key: str, thing: Callable[[str], str]) -> dict[str, Any]:
    clusters = [thing("cluster_ids")]
    if PLACED[key] == "clusters":
        return {"clusters": clusters}
    where = {"clusters": "ids", "cluster_ids": clusters, "namespaces": [thing("namespaces")]}
    subject = {"subject": {"kind": "user", "id": thing("member")}} if key.endswith("/grants") else {}
    return {"where": where, **subject}


def _form_fields(route: Route) -> Iterator[str]:
    """The fields of a form that tell of things, as the handler and its module's helpers ask for them."""
    module = inspect.getmodule(route.handler.fn)
    text = inspect.getsource(route.handler.fn) + (inspect.getsource(module) if module else "")
    named = {name for several in _SEVERAL.findall(text) for name in re.findall(r"\"(\w+)\"", several)}
    yield from sorted({name for name in {*_FIELDS.findall(text), *named} if route.kind(name)})


def sample(struct: type[msgspec.Struct], thing: Any) -> dict[str, Any]:
    """A body that fits: what must be there, and what tells of things."""
    made: dict[str, Any] = {}
    for each in msgspec.structs.fields(struct):
        told = thing(each.encode_name)
        if told is not None and _plain(each.type) is str:
            made[each.encode_name] = told
        elif each.required:
            made[each.encode_name] = _example(each.encode_name, each.type, thing)
    return made


TEXTS = {
    "email": "quay@example.com",
    "password": "nine herons at the quay",
    "address": "/pods?q=quay",
    "role": "viewer",
    "server": "https://192.0.2.7:6443",
}


def _plain(annotation: Any) -> Any:
    """The type without Annotated and None."""
    if hasattr(annotation, "__metadata__"):
        return _plain(annotation.__origin__)
    arms = [arm for arm in get_args(annotation) if arm is not type(None)]
    if type(None) in get_args(annotation):
        return _plain(arms[0])
    return annotation


def _example(name: str, annotation: Any, thing: Any) -> Any:
    plain = _plain(annotation)
    origin = get_origin(plain)
    if origin is Literal:
        return get_args(plain)[0]
    if origin in (list, tuple, set, frozenset):
        return [_example(name, get_args(plain)[0], thing)]
    if origin is dict or plain is dict:
        return {}
    if isinstance(plain, type) and issubclass(plain, msgspec.Struct):
        return sample(plain, thing)
    simple = {int: 1, float: 1.0, bool: False}
    return simple.get(plain, thing(name) or TEXTS.get(name, "quay"))
