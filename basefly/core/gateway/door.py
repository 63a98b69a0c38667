"""The one door to a cluster on someone's behalf: permission, the intent on record, their name, then the outcome."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from basefly.base.db.transaction import Tx
from basefly.base.errors import Denied, NotFound
from basefly.base.kube.relay.upstream import Upstream
from basefly.base.kube.relay.wire import Wire
from basefly.base.principal import Principal
from basefly.base.runtime.house import House
from basefly.base.telemetry import trace
from basefly.base.web.language import sentence
from basefly.core.access.impersonated import GROUPS
from basefly.core.audit.actions import record
from basefly.core.audit.model import Outcome
from basefly.core.clusters import store as clusters
from basefly.core.clusters.connections import Connections
from basefly.core.gateway import impersonation
from basefly.core.gateway.model import Act, allowed, identity

_ACTS = {
    "exec": "pod.entered",
    "attach": "pod.entered",
    "ephemeralcontainers": "pod.entered",
    "portforward": "pod.forwarded",
    "proxy": "pod.forwarded",
    "eviction": "pod.evicted",
    "get": "object.read",
    "list": "object.read",
    "watch": "object.read",
    "create": "object.created",
    "update": "object.changed",
    "patch": "object.changed",
    "delete": "object.deleted",
    "deletecollection": "object.deleted",
}
_UPGRADING = frozenset({"exec", "attach", "portforward", "proxy"})


@dataclass(frozen=True)
class Passage:
    """Someone at the door of a cluster with an act that they may do."""

    by: Principal
    cluster: UUID
    act: Act
    upstream: Upstream
    begun: float = field(default_factory=time.monotonic)

    async def begin(self, method: bytes, target: bytes, headers: Sequence[tuple[bytes, bytes]]) -> Wire:
        """Send the head of the request as this person. Raises Denied, NotSealed, ConnectError."""
        here = trace.current()
        who = identity(self.by, self.cluster, self.act, here.request_id if here else "")
        upgrade = self.act.subresource in _UPGRADING
        built = impersonation.rebuilt(headers, who, upgrade=upgrade)
        return await self.upstream.begin(method, target, built, impersonation.seal)


async def enter(house: House, by: Principal, cluster: str, act: Act) -> Passage:
    """Through the door, for one act. Raises NotFound for a cluster that is not there or not theirs, and Denied."""
    async with house.db.transaction(by.org_id) as tx:
        cluster_id, upstream = await find(house, tx, by, cluster)
        if not allowed(by, cluster_id, act):
            raise _denied(cluster_id, act.permission, act.namespace)
    return Passage(by, cluster_id, act, upstream)


async def find(house: House, tx: Tx, by: Principal, cluster: str) -> tuple[UUID, Upstream]:
    """The cluster of this id or name, for whoever may do anything there. Raises NotFound."""
    cluster_id = await _id(tx, cluster)
    if cluster_id is None or not any(by.scope(permission).sees(cluster_id) for permission in GROUPS):
        raise NotFound("There is no such cluster here.")
    client = await house.get(Connections).client(tx, cluster_id)
    return cluster_id, client.upstream


def still_allowed(by: Principal, passage: Passage) -> bool:
    """Whether someone, as they stand now, may go on with what they began."""
    return by.user_id == passage.by.user_id and allowed(by, passage.cluster, passage.act)


async def began(house: House, passage: Passage) -> None:
    """The intent, committed before the deed: a record without an outcome means that the hub died in between."""
    if passage.act.recorded:
        await _record(house, passage, "started", {})


async def ended(house: House, passage: Passage, outcome: Outcome, told: Mapping[str, Any]) -> None:
    """What came of it: `told` holds the status, the bytes and the like."""
    if passage.act.recorded:
        seconds = round(time.monotonic() - passage.begun, 3)
        await _record(house, passage, outcome, {**told, "seconds": seconds})


async def _record(house: House, passage: Passage, outcome: Outcome, told: Mapping[str, Any]) -> None:
    act = passage.act
    detail = {"verb": act.verb, "path": act.path, **({"dry_run": True} if act.dry else {}), **told}
    async with house.db.transaction(passage.by.org_id) as tx:
        object_ = f"clusters/{passage.cluster}/{act.object}"
        await record(tx, passage.by, _ACTS.get(act.subresource) or _ACTS[act.verb], object_, detail, outcome=outcome)


def require(by: Principal, cluster: UUID, permission: str, namespace: str) -> None:
    """Raise Denied for whoever does not hold a permission of the gateway in a namespace."""
    if not by.scope(permission).covers(cluster, namespace):
        raise _denied(cluster, permission, namespace)


def _denied(cluster: UUID, permission: str, namespace: str) -> Denied:
    if namespace:
        detail = sentence(
            f"This needs the permission {permission} in the namespace {namespace}, which no grant of yours gives."
        )
    else:
        detail = sentence(
            f"This needs the permission {permission} over the whole cluster, which no grant of yours gives."
        )
    return Denied(
        detail,
        cure="Ask an owner of your organization for a role that has it.",
        permission=permission,
        explanation=f"/access/explanation?permission={permission}&cluster={cluster}",
    )


async def _id(tx: Tx, cluster: str) -> UUID | None:
    try:
        return UUID(cluster)
    except ValueError:
        return await clusters.get_id(tx, cluster)
