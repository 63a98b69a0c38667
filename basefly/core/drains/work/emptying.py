"""One node of a drain: cordoned, its pods evicted, and looked at until they are gone or something holds them."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import msgspec

from basefly.base.kube import errors as kube
from basefly.core.drains import store
from basefly.core.drains.budgets import Budget, covering
from basefly.core.drains.model import SETTLED, WORDS, Drain, DrainNode, DrainPod, Pod, outcome, topic, verdict
from basefly.core.drains.requests import Reach
from basefly.core.drains.store import Change
from basefly.core.drains.work.evicting import RETRIED, came_of, held_back
from basefly.core.drains.work.job import Job

AT_ONCE = 8  # evictions of one node
SLACK = timedelta(seconds=15)  # after its grace, until a pod that has not ended is named
STATES = {"evict": "waiting", "stay": "skipped", "ask": "blocked"}


class Emptying:
    """A look at a node, and what is next with it. `moved` says whether anything was different from before."""

    def __init__(self, job: Job, drain: Drain, node: DrainNode) -> None:
        self._job = job
        self._drain = drain
        self._node = node
        self.moved = False

    async def look(self) -> None:
        """Go on with this node. Raises Denied when the person may not, NotFound when the cluster was removed."""
        if self._node.state == "waiting":
            async with self._job.running.progress() as tx:
                await store.begin_node(tx, self._drain.id, self._node.name, self._drain.options.timeout)
                await tx.notify(topic(self._drain))
            self.moved = True
        try:
            await self._emptied(await self._job.reach(self._drain))
        except kube.Forbidden as error:
            await self._ended("failed", error.detail)
        except (kube.ConnectError, kube.ApiError) as error:  # it may answer again; the node's time bounds how long
            if self._node.late:
                await self._ended("blocked", error.detail)

    async def _emptied(self, reach: Reach) -> None:
        # 1. It is not there any more, or its name is another's.
        found = await reach.node(self._node.name)
        if found is None or self._node.uid not in ("", found.uid):
            async with self._job.running.progress() as tx:
                await store.end_pods(tx, self._drain.id, self._node.name)
            await self._ended("done", "gone")
            return
        # 2. It is cordoned, once: whoever uncordons it meanwhile means it.
        if self._node.cordoned_at is None:
            await self._cordoned(reach, found.uid, already=found.cordoned)
        elif not found.cordoned:
            await self._ended("failed", "uncordoned")
            return
        # 3. Its pods, as they are now.
        pods = await reach.pods(self._node.name)
        rows = await self._compared({pod.uid: pod for pod in pods})
        await self._evicted(reach, [row for row in rows if _to_evict(row)], {pod.uid: pod for pod in pods})
        # 4. Whether that was all.
        rows = await self._rows()
        ended = outcome(rows)
        if ended:
            await self._ended(ended, "held" if ended == "blocked" else "")
        elif self._node.late:
            await self._ended("blocked", "timeout")

    async def _cordoned(self, reach: Reach, uid: str, *, already: bool) -> None:
        if not self._node.uid:
            async with self._job.running.progress() as tx:
                await store.note_found(tx, self._drain.id, self._node.name, uid, cordoned=already)
        if not already:
            await reach.cordon(self._node.name)
        async with self._job.running.progress() as tx:
            await store.note_cordoned(tx, self._drain.id, self._node.name)
        self.moved = True

    async def _compared(self, pods: dict[str, Pod]) -> Sequence[DrainPod]:
        """The rows as the cluster has them: new ones judged, those that left noted, those on their way out watched."""
        rows = await self._rows()
        known = {row.uid for row in rows}
        new = [_row(pod, *verdict(pod, self._drain.options)) for pod in pods.values() if pod.uid not in known]
        changes = [change for row in rows if row.uid in pods and (change := _leaving(row, pods[row.uid]))]
        left = any(row.uid not in pods and row.state not in SETTLED for row in rows)
        if not (new or changes or left):
            return rows
        async with self._job.running.progress() as tx:
            await store.insert_pods(tx, self._drain.id, self._node.name, new)
            await store.end_pods(tx, self._drain.id, self._node.name, but=list(pods))
            for change in changes:
                await store.update_pod(tx, self._drain.id, change)
            await tx.notify(topic(self._drain))
        self.moved = True
        return await self._rows()

    async def _evicted(self, reach: Reach, rows: Sequence[DrainPod], pods: dict[str, Pod]) -> None:
        """Ask for each, but for those whose budget is sure to say no."""
        held = {row.namespace for row in rows if row.reason == "budget"}
        budgets = {namespace: await reach.budgets(namespace) for namespace in held}
        places = asyncio.Semaphore(AT_ONCE)

        async def one(row: DrainPod) -> None:
            over = covering(pods[row.uid], budgets.get(row.namespace, ()))
            if len(over) == 1 and over[0].closed:
                await self._wait_for(row, over[0])
                return
            async with places:
                await self._evict(row, pods[row.uid])

        came = await asyncio.gather(*(one(row) for row in rows), return_exceptions=True)
        if errors := [each for each in came if isinstance(each, BaseException)]:
            raise errors[0]

    async def _wait_for(self, row: DrainPod, budget: Budget) -> None:
        change = held_back(row, budget)
        async with self._job.running.held() as tx:
            await store.update_pod(tx, self._drain.id, change)
            if dict(change.facts) != row.facts:
                await tx.notify(topic(self._drain))

    async def _evict(self, row: DrainPod, pod: Pod) -> None:
        """One eviction: the intent on record, the deed as whoever the person is by now, then what came of it."""
        reach = await self._job.reach(self._drain)
        async with self._job.running.held() as tx:
            if not await store.intend(tx, self._drain.id, row.uid):
                return  # given up meanwhile
        change = Change(uid=row.uid, state="leaving")
        try:
            await reach.evict(row.namespace, row.name, row.uid, self._drain.options.grace)
        except (kube.ConnectError, kube.ApiError) as error:
            change = came_of(row, error)
            if change.reason == "budget":
                over = covering(pod, await reach.budgets(row.namespace))
                change = held_back(row, over[0]) if over else change
        # What only repeats itself is no progress, or a hub that dies of it would be asked for ever.
        keep = self._job.running.held if change.state == row.state else self._job.running.progress
        async with keep() as tx:
            await store.update_pod(tx, self._drain.id, change)
            await tx.notify(topic(self._drain))
        self.moved = self.moved or change.state != row.state

    async def _rows(self) -> list[DrainPod]:
        async with self._job.reading() as tx:
            return await store.get_pods(tx, self._drain.id, self._node.name)

    async def _ended(self, state: str, reason: str) -> None:
        async with self._job.running.progress() as tx:
            await store.update_node(tx, self._drain.id, self._node.name, state, reason)
            await tx.notify(topic(self._drain))
        self.moved = True


def _row(pod: Pod, judged: str, reason: str) -> dict[str, str]:
    state = "leaving" if pod.deleting_at and judged == "evict" else STATES[judged]
    told = {name: getattr(pod, name) for name in ("uid", "namespace", "name", "owner")}
    return {**told, "state": state, "reason": reason}


def _to_evict(row: DrainPod) -> bool:
    """Whether it is this row's moment. One that was being evicted when a process died is asked for again."""
    return row.due and row.state in RETRIED and row.reason not in WORDS


def _leaving(row: DrainPod, pod: Pod) -> Change | None:
    """What is new about a pod that is on its way out, whoever sent it away."""
    if pod.deleting_at is None or row.state in SETTLED:
        return None
    reason, facts = "", dict[str, object]()
    if pod.deleting_at + SLACK < datetime.now(UTC):
        reason = "finalizers" if pod.finalizers else "slow"
        facts = {"finalizers": list(pod.finalizers)} if pod.finalizers else {}
    change = Change(uid=row.uid, state="leaving", reason=reason, facts=facts)
    same = (row.state, row.reason, row.facts) == (change.state, change.reason, msgspec.to_builtins(change.facts))
    return None if same else change
