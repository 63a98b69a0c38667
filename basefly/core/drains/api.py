"""Drains as JSON."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec

from basefly.base.db.transaction import Tx
from basefly.base.principal import Principal
from basefly.base.runtime.house import House
from basefly.base.web import Body, QueryParameter, get, post
from basefly.core.drains import actions
from basefly.core.drains.model import (
    HOUR,
    LONGEST,
    LONGEST_GRACE,
    MOST_AT_ONCE,
    SHORTEST,
    Drain,
    DrainNode,
    DrainPod,
    DrainState,
    Options,
    Planned,
    Tally,
)
from basefly.core.drains.reasons import of_place, of_pod
from basefly.core.gateway.model import READ, WRITE

Names = Annotated[list[str], QueryParameter(name="node", min_items=1, max_items=200, description="By name; repeatable")]
Limit = Annotated[int, QueryParameter(ge=1, le=200, description="Drains of a page")]


class NewDrain(Body):
    """Nodes of a cluster, which is named by id or name, and how to drain them; see Options of kubectl drain.

    `force` evicts pods without a controller too, `delete_emptydir_data` those that keep data in an emptyDir. `grace`:
    seconds that pods may take to end, left out as each says. `timeout`: seconds for each node, after which the drain
    stops and can be resumed. `at_once`: nodes side by side. `uncordon_on_cancel`: cancelling lets pods come again.
    """

    cluster: str
    nodes: list[str]
    force: bool = False
    delete_emptydir_data: bool = False
    grace: Annotated[int, msgspec.Meta(ge=0, le=LONGEST_GRACE)] | None = None
    timeout: Annotated[int, msgspec.Meta(ge=SHORTEST, le=LONGEST)] = HOUR
    at_once: Annotated[int, msgspec.Meta(ge=1, le=MOST_AT_ONCE)] = 1
    uncordon_on_cancel: bool = False


class Place(msgspec.Struct, frozen=True):
    """A cluster by id and name."""

    id: UUID
    name: str


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """A drain. `why` and `cure` say what it stopped for and what helps."""

    id: UUID
    cluster: Place
    nodes: list[str]
    state: DrainState
    why: str
    cure: str
    options: Options
    started_by: str
    pods: Tally
    operation: UUID
    created_at: datetime
    finished_at: datetime | None


class OneNode(msgspec.Struct, frozen=True, kw_only=True):
    """A node of a drain."""

    name: str
    state: str
    why: str
    cure: str
    cordoned: bool
    finished_at: datetime | None


class OnePod(msgspec.Struct, frozen=True, kw_only=True):
    """A pod of a drain; `tries`: how often its eviction was asked for."""

    node: str
    namespace: str
    name: str
    uid: str
    owner: str
    state: str
    reason: str
    why: str
    cure: str
    budget: str
    tries: int
    changed_at: datetime


class Full(msgspec.Struct, frozen=True):
    """A drain with its nodes in their order, and its pods: what is held back first."""

    drain: Summary
    nodes: list[OneNode]
    pods: list[OnePod]


class DrainList(msgspec.Struct, frozen=True):
    """Drains, newest first; `next` is the cursor of the next page."""

    items: list[Summary]
    next: str


class Plan(msgspec.Struct, frozen=True):
    """What would happen to each pod: `evict`, `stay`, or `ask` for what needs your word."""

    items: list[Planned]


@get("/drain-plan", permission=WRITE, summary="See what a drain would do")
async def get_plan(
    house: House,
    by: Principal,
    cluster: str,
    nodes: Names,
    force: bool = False,
    delete_emptydir_data: bool = False,
) -> Plan:
    """Each pod of the nodes, read from the cluster at this moment, under your own name."""
    options = Options(force=force, delete_emptydir_data=delete_emptydir_data)
    return Plan(await actions.plan(house, by, cluster, nodes, options))


@post("/drains", permission=WRITE, status_code=202, summary="Drain nodes")
async def start_drain(house: House, by: Principal, data: NewDrain) -> Summary:
    """Cordons the nodes and evicts their pods, one node after another, as you stand at each step.

    Budgets are respected. It goes on when you are gone and when the hub restarts, until all is empty, its time is
    over, or something needs a person. A node has one drain at a time: a second is refused and names the first.
    """
    names = Options.__struct_fields__
    options = Options(**{name: getattr(data, name) for name in names})
    return _summary(await actions.start(house, by, data.cluster, data.nodes, options))


@get("/drains", permission=READ, summary="List drains")
async def list_drains(
    house: House, tx: Tx, by: Principal, cluster: str = "", cursor: str = "", limit: Limit = 50
) -> DrainList:
    """Those of all clusters that you may read as a whole, or of one."""
    found, more = await actions.page(house, tx, by, cluster=cluster, cursor=cursor, limit=limit)
    return DrainList([_summary(each) for each in found], more)


@get("/drains/{drain_id:uuid}", permission=READ, summary="Read a drain")
async def get_drain(tx: Tx, by: Principal, drain_id: UUID) -> Full:
    """How far it is, with each node and each pod, and what holds back those that are held back."""
    found = await actions.whole(tx, by, drain_id)
    return Full(_summary(found.drain), [_node(each) for each in found.nodes], [_pod(each) for each in found.pods])


@post("/drains/{drain_id:uuid}/cancellations", permission=WRITE, status_code=202, summary="Cancel a drain")
async def cancel_drain(tx: Tx, by: Principal, drain_id: UUID) -> Summary:
    """No further pod is evicted. Nodes that are not done are uncordoned if the order said so."""
    return _summary(await actions.cancel(tx, by, drain_id))


@post("/drains/{drain_id:uuid}/resumptions", permission=WRITE, status_code=202, summary="Resume a drain")
async def resume_drain(tx: Tx, by: Principal, drain_id: UUID) -> Summary:
    """It goes on under your name, with a new time for each node that is not done."""
    return _summary(await actions.resume(tx, by, drain_id))


def _summary(drain: Drain) -> Summary:
    told = of_place(drain.reason)
    return Summary(
        id=drain.id,
        cluster=Place(drain.cluster_id, drain.cluster_name),
        nodes=list(drain.nodes),
        state=drain.state,
        why=told.why,
        cure=told.cure,
        options=drain.options,
        started_by=drain.started_by_name,
        pods=drain.tally,
        operation=drain.operation_id,
        created_at=drain.created_at,
        finished_at=drain.finished_at,
    )


def _node(node: DrainNode) -> OneNode:
    told = of_place(node.reason)
    return OneNode(
        name=node.name,
        state=node.state,
        why=told.why,
        cure=told.cure,
        cordoned=node.cordoned_at is not None,
        finished_at=node.finished_at,
    )


def _pod(pod: DrainPod) -> OnePod:
    reason = of_pod(pod.reason, pod.facts)
    names = ("node", "namespace", "name", "uid", "owner", "state", "reason", "tries", "changed_at")
    told = {name: getattr(pod, name) for name in names}
    return OnePod(**told, why=reason.why, cure=reason.cure, budget=str(pod.facts.get("budget", "")))


HANDLERS = (get_plan, start_drain, list_drains, get_drain, cancel_drain, resume_drain)
