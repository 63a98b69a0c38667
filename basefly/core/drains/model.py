"""A drain, its nodes and pods; which pods leave a node, and which stay and why. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec

from basefly.base.principal import Principal
from basefly.core.gateway.model import READ, WRITE

DrainState = Literal["running", "cancelling", "done", "blocked", "paused", "failed", "cancelled"]
NodeState = Literal["waiting", "draining", "done", "blocked", "failed", "cancelled"]
PodState = Literal["waiting", "evicting", "blocked", "leaving", "gone", "skipped", "failed"]
Verdict = Literal["evict", "stay", "ask"]

RESUMABLE: frozenset[str] = frozenset({"blocked", "paused", "failed"})
CANCELLABLE: frozenset[str] = frozenset({"running", "blocked", "paused", "failed"})
SETTLED: frozenset[str] = frozenset({"gone", "skipped"})
WORDS: frozenset[str] = frozenset({"unmanaged", "local_data"})  # reasons that a person's word does away with

MOST_NODES = 200  # of one order
SHORTEST, LONGEST = 10, 86_400  # s, for a node
HOUR = 3_600
LONGEST_GRACE = 86_400  # s
MOST_AT_ONCE = 20  # nodes

_MIRROR = "kubernetes.io/config.mirror"
_OVER = frozenset({"Succeeded", "Failed"})


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """How to drain. The names are kubectl's, where it has the same.

    `force` also evicts pods that nothing would start again; `delete_emptydir_data` those that lose what they keep in
    an emptyDir. `grace`: seconds that pods may take to end, None as each of them says. `timeout`: seconds for a node.
    """

    force: bool = False
    delete_emptydir_data: bool = False
    grace: Annotated[int, msgspec.Meta(ge=0, le=LONGEST_GRACE)] | None = None
    timeout: Annotated[int, msgspec.Meta(ge=SHORTEST, le=LONGEST)] = HOUR
    at_once: Annotated[int, msgspec.Meta(ge=1, le=MOST_AT_ONCE)] = 1
    uncordon_on_cancel: bool = False


class Pod(msgspec.Struct, frozen=True, kw_only=True):
    """A pod as far as a drain cares. `owner` is its controller, such as `ReplicaSet/web-7d4`."""

    uid: str
    namespace: str
    name: str
    owner: str = ""
    over: bool = False
    mirror: bool = False
    local_data: bool = False
    deleting_at: datetime | None = None  # when it should have ended
    finalizers: tuple[str, ...] = ()
    labels: Mapping[str, str] = {}


class Planned(msgspec.Struct, frozen=True, kw_only=True):
    """What would happen to a pod, and why it stays or needs a word; `budget` is what may hold it back."""

    node: str
    namespace: str
    name: str
    owner: str
    verdict: Verdict
    reason: str = ""
    why: str = ""
    budget: str = ""


class DrainNode(msgspec.Struct, frozen=True, kw_only=True):
    """A node of a drain. `cordoned_at`: when the drain had cordoned it; `late`: its time is over."""

    name: str
    state: NodeState
    reason: str
    uid: str
    was_cordoned: bool
    cordoned_at: datetime | None
    finished_at: datetime | None
    late: bool


class DrainPod(msgspec.Struct, frozen=True, kw_only=True):
    """A pod of a drain and what became of it."""

    node: str
    uid: str
    namespace: str
    name: str
    owner: str
    state: PodState
    reason: str
    facts: dict[str, Any]
    tries: int
    changed_at: datetime
    due: bool  # to be looked at again


class Tally(msgspec.Struct, frozen=True, kw_only=True):
    """How many pods there are, have left, stay, are held back, and did not go."""

    pods: int = 0
    gone: int = 0
    skipped: int = 0
    blocked: int = 0
    failed: int = 0

    @property
    def settled(self) -> int:
        """Those with which nothing is to be done any more."""
        return self.gone + self.skipped


class Drain(msgspec.Struct, frozen=True, kw_only=True):
    """An order to empty nodes, as it stands; `cluster_name` and the people's names are for reading."""

    id: UUID
    cluster_id: UUID
    cluster_name: str
    operation_id: UUID
    state: DrainState
    reason: str
    options: Options
    started_by: UUID
    started_by_name: str
    acting_for: UUID
    held: tuple[str, ...]
    nodes: tuple[str, ...]
    created_at: datetime
    finished_at: datetime | None
    tally: Tally

    @property
    def resumable(self) -> bool:
        """Whether it stopped and may go on."""
        return self.state in RESUMABLE

    @property
    def cancellable(self) -> bool:
        """Whether it may be given up."""
        return self.state in CANCELLABLE


def readable(by: Principal, cluster: UUID) -> bool:
    """Whether somebody may see drains there: nodes belong to no namespace, so over the whole cluster."""
    return by.scope(READ).covers(cluster)


def drainable(by: Principal, cluster: UUID) -> bool:
    """Whether somebody may order them."""
    return by.scope(WRITE).covers(cluster)


def path(drain: Drain) -> str:
    """What a drain is called in the audit."""
    return f"clusters/{drain.cluster_id}/drains/{drain.id}"


def topic(drain: Drain) -> str:
    """What is told when anything of a drain changes, to whoever may read clusters through the gateway."""
    return f"gateway/{drain.cluster_id}/drains/{drain.id}"


def pod(obj: Mapping[str, Any]) -> Pod:
    """A pod as the API server gives it."""
    meta, spec = obj["metadata"], obj.get("spec") or {}
    owner = next((each for each in meta.get("ownerReferences") or () if each.get("controller")), None)
    deleted = meta.get("deletionTimestamp")
    return Pod(
        uid=meta["uid"],
        namespace=meta["namespace"],
        name=meta["name"],
        owner=f"{owner['kind']}/{owner['name']}" if owner else "",
        over=(obj.get("status") or {}).get("phase") in _OVER,
        mirror=_MIRROR in (meta.get("annotations") or {}),
        local_data=any("emptyDir" in volume for volume in spec.get("volumes") or ()),
        deleting_at=msgspec.convert(deleted, datetime) if deleted else None,
        finalizers=tuple(meta.get("finalizers") or ()),
        labels=meta.get("labels") or {},
    )


def verdict(found: Pod, options: Options) -> tuple[Verdict, str]:
    """What a drain does with a pod, and why if it does not evict it.

    As `kubectl drain --ignore-daemonsets`, which also evicts pods that are over; they keep nobody busy, and their logs
    are worth something.
    """
    if found.mirror:
        return "stay", "mirror"
    if found.owner.startswith("DaemonSet/"):
        return "stay", "daemonset"
    if found.over:
        return "stay", "completed"
    if not found.owner and not options.force:
        return "ask", "unmanaged"
    if found.local_data and not options.delete_emptydir_data:
        return "ask", "local_data"
    return "evict", ""


def outcome(pods: Sequence[DrainPod]) -> NodeState | None:
    """How a node stands by its pods: done, blocked where only a person can help, None while something can move."""
    open_ = [each for each in pods if each.state not in SETTLED]
    if not open_:
        return "done"
    stuck = all(each.state == "failed" or (each.state == "blocked" and each.reason in WORDS) for each in open_)
    return "blocked" if stuck else None
