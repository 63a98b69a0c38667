"""Look at what a drain would do, order one, cancel it, and let it go on."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID, uuid4

import msgspec

from basefly.base.db import paging
from basefly.base.db.failures import Duplicate
from basefly.base.db.transaction import Tx
from basefly.base.errors import Conflict, FieldError, Invalid, NotFound
from basefly.base.principal import Principal
from basefly.base.runtime import operations
from basefly.base.runtime.house import House
from basefly.core.access.impersonated import GROUPS
from basefly.core.audit.actions import record
from basefly.core.drains import store
from basefly.core.drains.budgets import covering
from basefly.core.drains.model import (
    MOST_NODES,
    Drain,
    DrainNode,
    DrainPod,
    Options,
    Planned,
    path,
    readable,
    topic,
    verdict,
)
from basefly.core.drains.reasons import of_pod
from basefly.core.drains.requests import Reach
from basefly.core.drains.store import NewDrain
from basefly.core.drains.work.operation import KIND
from basefly.core.gateway import door
from basefly.core.gateway.model import WRITE

AT_ONCE = 4  # nodes that a plan looks at side by side
NAMED = 5  # pods that an error names


class Whole(msgspec.Struct, frozen=True):
    """A drain with its nodes and pods."""

    drain: Drain
    nodes: list[DrainNode]
    pods: list[DrainPod]


async def plan(house: House, by: Principal, cluster: str, nodes: Sequence[str], options: Options) -> list[Planned]:
    """What would happen to each pod of these nodes, read from the cluster as this person. Raises Invalid, Denied."""
    cluster_id = await _place(house, by, cluster)
    return await _planned(house, by, cluster_id, _names(nodes), options)


async def start(house: House, by: Principal, cluster: str, nodes: Sequence[str], options: Options) -> Drain:
    """Order a drain. Invalid names pods that need a word which was not given; Conflict the drain that has a node."""
    cluster_id = await _place(house, by, cluster)
    names = _names(nodes)
    async with house.db.transaction(by.org_id) as tx:
        await _check_free(tx, cluster_id, names)
    _check_words(await _planned(house, by, cluster_id, names, options))
    drain_id = uuid4()
    async with house.db.transaction(by.org_id) as tx:
        await _check_free(tx, cluster_id, names)
        operation = await operations.start(tx, KIND, {"drain": str(drain_id)}, by=by.user_id)
        new = NewDrain(
            cluster_id=cluster_id,
            operation_id=operation,
            options=options,
            by=by.user_id,
            held=_held(by, cluster_id),
            nodes=names,
        )
        try:
            async with tx.attempt():
                await store.insert(tx, drain_id, new)
        except Duplicate:  # somebody was faster
            await _check_free(tx, cluster_id, names)
            raise
        found = await find(tx, by, drain_id)
        await record(tx, by, "drain.started", path(found), {"nodes": names, **_told(options)}, outcome="started")
        await tx.notify(topic(found))
    return found


async def find(tx: Tx, by: Principal, drain_id: UUID) -> Drain:
    """One drain; NotFound unless it is in sight."""
    found = await store.get(tx, drain_id)
    if found is None or not readable(by, found.cluster_id):
        raise NotFound("There is no such drain.")
    return found


async def whole(tx: Tx, by: Principal, drain_id: UUID) -> Whole:
    """One drain with its nodes and pods; NotFound unless it is in sight."""
    found = await find(tx, by, drain_id)
    return Whole(found, await store.get_nodes(tx, drain_id), await store.get_pods(tx, drain_id))


async def page(
    house: House, tx: Tx, by: Principal, *, cluster: str = "", cursor: str = "", limit: int = 50
) -> tuple[list[Drain], str]:
    """Drains in sight, of one cluster if given, newest first, and where the next page begins."""
    seen: Iterable[UUID] | None = None
    if cluster:
        cluster_id = (await door.find(house, tx, by, cluster))[0]
        seen = [cluster_id] if readable(by, cluster_id) else []
    elif (whole_clusters := _readable(by)) is not None:
        seen = whole_clusters
    found = await store.page(
        tx, None if seen is None else list(seen), after=paging.key(cursor, tuple[datetime, UUID]), limit=limit + 1
    )
    more = paging.encode([found[limit - 1].created_at, found[limit - 1].id]) if len(found) > limit else ""
    return found[:limit], more


async def cancel(tx: Tx, by: Principal, drain_id: UUID) -> Drain:
    """Give a drain up: no further pod is evicted, and the nodes are uncordoned if the order said so."""
    found = await _taken(tx, by, drain_id)
    if not found.cancellable:
        raise Conflict("This drain has ended, or is being cancelled already.")
    await store.update(tx, drain_id, "cancelling")
    if found.state != "running":
        await _wake(tx, found)
    await record(tx, by, "drain.cancelled", path(found), {"nodes": found.nodes}, outcome="started")
    await tx.notify(f"drains/{drain_id}", topic(found))
    return await find(tx, by, drain_id)


async def resume(tx: Tx, by: Principal, drain_id: UUID) -> Drain:
    """Let a drain go on that stopped, in the name of who says so. Conflict when another has one of its nodes."""
    found = await _taken(tx, by, drain_id)
    if not found.resumable:
        raise Conflict("This drain goes on, or has ended.", cure="Order a new one if its nodes are not empty.")
    nodes = [each.name for each in await store.get_nodes(tx, drain_id) if each.state != "done"]
    await _check_free(tx, found.cluster_id, nodes, but=drain_id)
    await store.reopen(tx, drain_id)
    await store.update(tx, drain_id, "running")
    await _wake(tx, found)
    await record(tx, by, "drain.resumed", path(found), {"nodes": nodes}, outcome="started")
    await tx.notify(topic(found))
    return await find(tx, by, drain_id)


async def _taken(tx: Tx, by: Principal, drain_id: UUID) -> Drain:
    """A drain in somebody's hands: nobody else decides about it, and it goes on in their name."""
    await store.lock(tx, drain_id)
    found = await find(tx, by, drain_id)
    by.require(WRITE, found.cluster_id)
    await store.update_acting(tx, drain_id, by.user_id, _held(by, found.cluster_id))
    return found


async def _wake(tx: Tx, found: Drain) -> None:
    if not await operations.resume(tx, found.operation_id):
        raise Conflict("This drain has ended.")


async def _place(house: House, by: Principal, cluster: str) -> UUID:
    async with house.db.transaction(by.org_id) as tx:
        cluster_id, _ = await door.find(house, tx, by, cluster)
    by.require(WRITE, cluster_id)
    return cluster_id


def _names(nodes: Sequence[str]) -> list[str]:
    names = list(dict.fromkeys(name.strip() for name in nodes if name.strip()))
    if not 1 <= len(names) <= MOST_NODES:
        detail = f"Name 1 to {MOST_NODES} nodes."
        raise Invalid(detail, errors=(FieldError("/nodes", detail),))
    return names


async def _planned(house: House, by: Principal, cluster: UUID, nodes: Sequence[str], options: Options) -> list[Planned]:
    reach, places = Reach(house, by, cluster), asyncio.Semaphore(AT_ONCE)

    async def one(node: str) -> list[Planned]:
        async with places:
            return await _of_node(reach, node, options)

    return [each for found in await asyncio.gather(*map(one, nodes)) for each in found]


async def _of_node(reach: Reach, node: str, options: Options) -> list[Planned]:
    if await reach.node(node) is None:
        detail = f"There is no node {node} in the cluster."
        raise Invalid(detail, errors=(FieldError("/nodes", detail),))
    pods = await reach.pods(node)
    judged = [(pod, *verdict(pod, options)) for pod in pods]
    namespaces = {pod.namespace for pod, what, _ in judged if what == "evict"}
    budgets = {namespace: await reach.budgets(namespace) for namespace in namespaces}
    planned = []
    for pod, what, reason in judged:
        closed = [each for each in covering(pod, budgets.get(pod.namespace, ())) if what == "evict" and each.closed]
        planned.append(
            Planned(
                node=node,
                namespace=pod.namespace,
                name=pod.name,
                owner=pod.owner,
                verdict=what,
                reason=reason,
                why=of_pod("budget", closed[0].facts).why if closed else of_pod(reason, {}).why,
                budget=closed[0].name if closed else "",
            )
        )
    return sorted(planned, key=lambda each: (("ask", "evict", "stay").index(each.verdict), each.namespace, each.name))


def _check_words(planned: Sequence[Planned]) -> None:
    """Raise Invalid for pods that nobody gave the word for, as kubectl does before it begins."""
    asking = [each for each in planned if each.verdict == "ask"]
    if not asking:
        return
    named = ", ".join(f"{each.namespace}/{each.name}" for each in asking[:NAMED])
    more = f" and {len(asking) - NAMED} more" if len(asking) > NAMED else ""
    fields = {"unmanaged": "/force", "local_data": "/delete_emptydir_data"}
    reasons = sorted({each.reason for each in asking})
    errors = tuple(FieldError(fields[reason], of_pod(reason, {}).why) for reason in reasons)
    cure = " ".join(of_pod(reason, {}).cure for reason in reasons)
    raise Invalid(f"These pods need your word: {named}{more}.", errors=errors, cure=cure)


async def _check_free(tx: Tx, cluster: UUID, nodes: Sequence[str], *, but: UUID | None = None) -> None:
    """Raise Conflict, with the drain that has it, when a node is being drained."""
    taken = await store.get_open(tx, cluster, nodes)
    if taken and taken[0] != but:
        drain_id, node = taken
        raise Conflict(
            f"The node {node} is being drained already.",
            cure="Follow that drain, or cancel it.",
            drain=str(drain_id),
            href=f"/clusters/{cluster}/drains/{drain_id}",
        )


def _held(by: Principal, cluster: UUID) -> list[str]:
    """The gateway's permissions that somebody holds over the whole of a cluster."""
    return [permission for permission in GROUPS if by.scope(permission).covers(cluster)]


def _readable(by: Principal) -> list[UUID] | None:
    """The clusters whose drains are in sight; None for all."""
    reaches = [reach for reach in by.scope("gateway:read").reaches if reach.namespaces is None]
    if any(reach.clusters is None for reach in reaches):
        return None
    return sorted({cluster for reach in reaches for cluster in reach.clusters or ()})


def _told(options: Options) -> dict[str, object]:
    """Options as the audit keeps them."""
    return dict(msgspec.to_builtins(options))
