"""What was asked of a cluster: the record that tests make their assertions on."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec


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
    """Names in lower case."""
    target: Target
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
