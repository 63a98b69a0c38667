"""One request on its way through a cluster."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from aiohttp import web

from basefly.sim.access.users import User
from basefly.sim.kinds.kind import Kind
from basefly.sim.requests import Target
from basefly.sim.wire.negotiate import Accept

if TYPE_CHECKING:
    from basefly.sim.cluster import Cluster


@dataclass(frozen=True)
class Call:
    """`namespace` is where the object is stored: empty for kinds without namespaces."""

    cluster: Cluster
    request: web.BaseRequest
    target: Target
    kind: Kind
    user: User
    accept: Accept

    @property
    def query(self) -> Mapping[str, str]:
        return self.request.query

    @property
    def namespace(self) -> str:
        return self.target.namespace if self.kind.namespaced else ""
