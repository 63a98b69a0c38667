"""The operation: node after node, as the person who ordered it stands at each step, until all is empty or it stops."""

from __future__ import annotations

import asyncio
import contextlib
from functools import partial
from typing import Any

from basefly.base.db.transaction import Tx
from basefly.base.errors import BaseflyError, Denied, NotFound
from basefly.base.runtime.house import House
from basefly.base.runtime.operations import Pause, Running, Work
from basefly.core.audit.actions import record
from basefly.core.audit.model import Outcome
from basefly.core.drains import store
from basefly.core.drains.model import Drain, DrainNode, Options, path, topic
from basefly.core.drains.reasons import of_place
from basefly.core.drains.work.emptying import Emptying
from basefly.core.drains.work.job import Job

KIND = "drain"
QUICK, CALM = 1.0, 5.0  # s between looks: while pods come and go, and while nothing moves
TRIES, REST = 3, 2.0  # how often a cancelled drain asks to uncordon a node, and the seconds in between


def works(house: House) -> dict[str, Work]:
    """What each kind of operation does."""
    return {KIND: partial(drain, house)}


async def drain(house: House, running: Running) -> Any:
    """Drain as it is on record; whoever takes it up after us goes on from there."""
    return await Draining(Job(house, running)).run()


class Draining:
    """The drain as a whole, node after node."""

    def __init__(self, job: Job) -> None:
        self._job = job

    async def run(self) -> Any:
        """Look, do what is next, and wait for what moves; what the operation comes to."""
        changes, orders = self._job.house.changes, f"drains/{self._job.drain_id}"
        async with changes.subscribe(self._job.org_id, [orders]) as inbox:
            notices = aiter(inbox)
            while True:
                found = await self._read()
                if found.resumable:
                    return Pause(of_place(found.reason).why)
                if found.state not in ("running", "cancelling"):
                    return {"state": found.state}
                if found.state == "cancelling":
                    await self._cancelled(found)
                    continue
                moved = await self._passed(found)
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(QUICK if moved else CALM):
                        await anext(notices)

    async def _read(self) -> Drain:
        async with self._job.reading() as tx:
            found = await store.get(tx, self._job.drain_id)
        if found is None:
            raise NotFound("This drain is not wanted any more.")
        return found

    async def _passed(self, found: Drain) -> bool:
        """One look at every node whose turn it is; whether anything moved."""
        async with self._job.reading() as tx:
            nodes = await store.get_nodes(tx, found.id)
        turn = _turn(nodes, found.options)
        if not turn:
            await self._finished(found, nodes)
            return True
        emptying = [Emptying(self._job, found, node) for node in turn]
        came = await asyncio.gather(*(each.look() for each in emptying), return_exceptions=True)
        errors = [each for each in came if isinstance(each, BaseException)]
        for error in errors:
            if not isinstance(error, Denied | NotFound):
                raise error
        if errors:
            await self._stopped(found, "withdrawn" if isinstance(errors[0], Denied) else "removed")
        return bool(errors) or any(each.moved for each in emptying)

    async def _stopped(self, found: Drain, reason: str) -> None:
        """It cannot go on before a person lets it: their rights are gone, or the cluster is."""
        state = "paused" if reason == "withdrawn" else "failed"
        async with self._job.running.held() as tx:
            if await store.update(tx, found.id, state, reason, was="running"):
                await self._told(tx, found, "drain.paused", "refused" if state == "paused" else "failed", reason)

    async def _finished(self, found: Drain, nodes: list[DrainNode]) -> None:
        """Every node has come to an end."""
        states = {node.state for node in nodes}
        state = next((each for each in ("failed", "blocked") if each in states), "done")
        reason = next((node.reason for node in nodes if node.state == state and state != "done"), "")
        async with self._job.running.progress() as tx:
            if await store.update(tx, found.id, state, reason, was="running"):
                await self._told(tx, found, "drain.finished", "done" if state == "done" else "failed", reason)

    async def _cancelled(self, found: Drain) -> None:
        """Given up: whoever gave it up lets the nodes go, if the order said so."""
        reason = ""
        if found.options.uncordon_on_cancel:
            async with self._job.reading() as tx:
                nodes = await store.get_nodes(tx, found.id)
            reason = "; ".join([why for node in nodes if _ours(node) and (why := await self._let_go(found, node))])
        async with self._job.running.progress() as tx:
            await store.cancel_nodes(tx, found.id)
            await store.update(tx, found.id, "cancelled", reason)
            await self._told(tx, found, "drain.cancelled", "failed" if reason else "done", reason)

    async def _let_go(self, found: Drain, node: DrainNode) -> str:
        """Uncordon a node that is still the one that was cordoned; why that could not be done, if not."""
        why = ""
        for again in range(TRIES):
            if again:
                await asyncio.sleep(REST)
            try:
                reach = await self._job.reach(found)
                current = await reach.node(node.name)
                if current and current.uid == node.uid and current.cordoned:
                    await reach.cordon(node.name, cordoned=False)
            except BaseflyError as error:
                why = f"{node.name}: {error.detail or error.title}"
                continue
            async with self._job.running.progress() as tx:
                await store.update_node(tx, found.id, node.name, "cancelled")
            return ""
        return why

    async def _told(self, tx: Tx, found: Drain, act: str, outcome: Outcome, reason: str) -> None:
        """On record as what the hub came to by itself, and in the name of whom."""
        detail = {"nodes": found.nodes, "reason": of_place(reason).why, "pods": found.tally.pods}
        await record(tx, None, act, path(found), detail, outcome=outcome, on_behalf_of=found.acting_for)
        await tx.notify(topic(found))


def _ours(node: DrainNode) -> bool:
    """Whether nobody but this drain may have cordoned it, and it was not let go yet."""
    return bool(node.uid) and not node.was_cordoned and node.state not in ("done", "cancelled")


def _turn(nodes: list[DrainNode], options: Options) -> list[DrainNode]:
    """Those in hand, and of those that wait as many as may join them."""
    open_ = [node for node in nodes if node.state == "draining"] + [node for node in nodes if node.state == "waiting"]
    return open_[: options.at_once]
