"""Routes with the permission that each of them needs: one that forgets it does not start."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any

import litestar
import msgspec
from litestar.handlers import HTTPRouteHandler, WebsocketRouteHandler
from litestar.types import AnyCallable

PUBLIC = "public"  # anyone, signed in or not
SIGNED_IN = "signed in"  # anyone we know; what they see is their own

# What a route may say beside its permission, as `opt`.
RECENT = {"recent": True}  # whoever asks must have proved themselves within the last minutes, which no token can
RECENT_SESSION = {"recent": "session"}  # so must whoever asks in a session; a token, made after a proof, is enough
REPLICA = "replica"  # the name of the mark of routes that may be answered from a replica, `get(…, replica=True)`
WITHOUT_FACTOR = {"without_factor": True}  # open to whoever has yet to set up the second factor that is wanted of all

_PERMISSION = re.compile(r"[a-z]+:[a-z]+")
Mark = Callable[[AnyCallable], HTTPRouteHandler]
Handler = HTTPRouteHandler | WebsocketRouteHandler


LIMITS = ("read", "write", "expensive", "sign-in", "none")  # classes of base.limits; "none" is for what costs nothing


def get(path: str | list[str], *, permission: str, **options: Any) -> Mark:
    """Answer GET (and HEAD); `permission` is a permission's name, PUBLIC or SIGNED_IN. Nothing changes here.

    `limit` is the class whose quota a request uses up, by default read, for other methods write. With `replica` its
    `tx` may be of a replica of the database, some seconds old, and can write nothing: for what is shown.
    """
    return litestar.get(path, **_marked(permission, options))


def post(path: str, *, permission: str, **options: Any) -> Mark:
    """Answer POST, by default with 201."""
    return litestar.post(path, **_marked(permission, options))


def put(path: str, *, permission: str, **options: Any) -> Mark:
    """Answer PUT, by default with 200."""
    return litestar.put(path, **_marked(permission, options))


def patch(path: str, *, permission: str, **options: Any) -> Mark:
    """Answer PATCH, by default with 200."""
    return litestar.patch(path, **_marked(permission, options))


def delete(path: str, *, permission: str, **options: Any) -> Mark:
    """Answer DELETE, by default with 204 and no body."""
    return litestar.delete(path, **_marked(permission, options))


def websocket(path: str, *, permission: str, **options: Any) -> Callable[[AnyCallable], WebsocketRouteHandler]:
    """Hold a conversation over a WebSocket, which takes a `socket`: see `boundary.conversation`.

    Who may not is told nothing but 403: a browser shows no page for it.
    """
    return litestar.websocket(path, **_marked(permission, options))


class Body(msgspec.Struct, forbid_unknown_fields=True):
    """What a JSON request carries. Unknown fields are refused, so that nothing is set by accident or by malice."""


def permission_of(handler: Handler) -> str:
    """The permission that a route was marked with; empty when it was not."""
    return str(handler.opt.get("permission", ""))


def check(handlers: Iterable[Handler], known: Iterable[str]) -> None:
    """Raise ValueError naming every route without a known permission, or with a body that takes unknown fields.

    So is one that anyone may ask and that asks who it is.
    """
    allowed = {PUBLIC, SIGNED_IN, *known}
    wrong = [
        f"{', '.join(sorted(handler.paths))}: {problem}"
        for handler in handlers
        for problem in _problems(handler, allowed)
    ]
    if wrong:
        raise ValueError("Routes that must not start:\n" + "\n".join(wrong))


def _marked(permission: str, options: dict[str, Any]) -> dict[str, Any]:
    if permission not in (PUBLIC, SIGNED_IN) and not _PERMISSION.fullmatch(permission):
        raise ValueError(f"{permission!r} is no permission; they are named slice:verb")
    limit = options.pop("limit", "")
    if limit and limit not in LIMITS:
        raise ValueError(f"{limit!r} is no class of requests: {', '.join(LIMITS)}")
    marks = {"permission": permission, "limit": limit, REPLICA: options.pop(REPLICA, False)}
    return {**options, "opt": {**options.pop("opt", {}), **marks}}


def _problems(handler: Handler, allowed: set[str]) -> Iterable[str]:
    if (permission := permission_of(handler)) not in allowed:
        yield f"the permission {permission!r} is declared by no slice" if permission else "needs a permission"
    parameters = handler.parsed_fn_signature.parameters
    if permission == PUBLIC and "by" in parameters:
        yield "takes `by`, though nobody need be signed in"
    body = parameters.get("data")
    if body is None:
        return
    if not (isinstance(body.annotation, type) and issubclass(body.annotation, msgspec.Struct)):
        yield "its body must be a Struct"
    elif not body.annotation.__struct_config__.forbid_unknown_fields:
        yield f"its body {body.annotation.__name__} takes unknown fields; derive it from Body"
