"""What was asked of a cluster: the record that tests make their assertions on."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import msgspec

_BEARER = "base64url.bearer.authorization.k8s.io."


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """What a path means, as the API server reads it before it decides who may."""

    verb: str
    """get, list, watch, create, update, patch, delete or deletecollection; for other paths the HTTP method."""
    group: str = ""
    version: str = ""
    resource: str = ""
    """Plural name, empty for paths that are no resource."""
    namespace: str = ""
    name: str = ""
    subresource: str = ""
    path: str = ""


class Request(msgspec.Struct, kw_only=True):
    """One request as it came. `status` is 0 until (and unless) an answer was begun."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    """Names in lower case, repeated ones joined by a comma; of credentials nothing but their kind, such as `Bearer`."""
    target: Target
    at: float = msgspec.field(default_factory=time.time)
    """Seconds since the epoch."""
    user: str = ""
    status: int = 0

    @property
    def is_list(self) -> bool:
        return self.target.verb == "list"

    @property
    def is_watch(self) -> bool:
        return self.target.verb == "watch"

    @property
    def is_write(self) -> bool:
        return self.target.verb in ("create", "update", "patch", "delete", "deletecollection")


def headers_of(given: Any) -> dict[str, str]:
    """What is recorded of headers; `given` is a multidict, for some come more than once."""
    told: dict[str, str] = {}
    for name, value in given.items():
        key = name.lower()
        told[key] = ", ".join((told[key], value)) if key in told else value
    if "authorization" in told:
        told["authorization"] = told["authorization"].partition(" ")[0]
    if _BEARER in told.get("sec-websocket-protocol", ""):
        told["sec-websocket-protocol"] = _BEARER
    return told
