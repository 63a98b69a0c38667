"""The life of a cluster: one task that hears of every write and does what controllers and kubelets would."""

from __future__ import annotations

import asyncio
import logging
import time
from typing import TYPE_CHECKING

import msgspec

from basefly.sim.life import following, jobs, nodes, replicas, scheduler, sets
from basefly.sim.life.following import Followers
from basefly.sim.life.kubelet import Kubelet
from basefly.sim.life.pods import Owner, Templates, view
from basefly.sim.life.scenarios import SCENARIOS, Story
from basefly.sim.life.scheduler import Scheduler
from basefly.sim.life.work import Work
from basefly.sim.status import Refusal
from basefly.sim.store.record import Change, Event, Record

if TYPE_CHECKING:
    from basefly.sim.cluster import Cluster

_TURN = 0.01
"""Real seconds of work after which others in the process have theirs."""
_KEPT = 150.0
"""Real seconds of history that are kept at least; at most twice as many."""
_MALFORMED = (Refusal, msgspec.MsgspecError, LookupError, TypeError, ValueError, AttributeError)
"""What an object that makes no sense to a controller brings about; the server lets some of them pass."""
_OWNERS = {
    "Deployment": replicas.DEPLOYMENTS,
    "ReplicaSet": replicas.SETS,
    "StatefulSet": sets.STATEFUL,
    "DaemonSet": sets.DAEMONS,
    "Job": jobs.JOBS,
    "CronJob": jobs.CRON_JOBS,
}
_RECONCILERS = {
    replicas.DEPLOYMENTS: replicas.reconcile_deployment,
    replicas.SETS: replicas.reconcile_set,
    sets.STATEFUL: sets.reconcile_stateful,
    sets.DAEMONS: sets.reconcile_daemons,
    jobs.JOBS: jobs.reconcile_job,
    jobs.CRON_JOBS: jobs.reconcile_cron_job,
    "nodes": nodes.reconcile_node,
    following.SERVICES: following.reconcile_service,
    following.BUDGETS: following.reconcile_budget,
    following.CLAIMS: following.reconcile_claim,
    "schedule": scheduler.place,
}
_log = logging.getLogger(__name__)


class _Metadata(msgspec.Struct, rename="camel"):
    owner_references: tuple[Owner, ...] = ()


class _Owned(msgspec.Struct):
    metadata: _Metadata


_owned = msgspec.json.Decoder(_Owned)


class Life:
    """Off until `start`. `load` says how many times its habit a pod consumes, by uid, for whoever tells usage.

    `rate` is how many writes a second (real time) the scenario `churn` aims at; 0 is as many as possible.
    """

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._task: asyncio.Task[None] | None = None
        self._story: Story | None = None
        self.load: dict[str, float] = {}
        self.scenario = ""
        self.rate = 0.0

    @property
    def running(self) -> bool:
        return self._task is not None

    def start(self) -> None:
        """Controllers and kubelets begin; what is there already is taken to be in order."""
        if self._task:
            return
        self._cluster.settle()
        self.work = work = Work(self._cluster, _RECONCILERS)
        work.templates, work.kubelet, work.scheduler = Templates(work), Kubelet(work), Scheduler(work)
        self._followers = Followers(work)
        self._cluster.store.listeners.append(self._hear)
        self._cluster.objects.graceful = True
        nodes.start_beating(work)
        jobs.start_waiting(work)
        work.after(_KEPT * self._cluster.clock.pace, self._compact, self._cluster.store.version)
        self._task = asyncio.get_running_loop().create_task(self._run())

    def _compact(self, version: int) -> None:
        """Forget what is older than that, as the real server has etcd do every few minutes."""
        store = self._cluster.store
        store.compact(max(version, store.compacted))
        self.work.after(_KEPT * self._cluster.clock.pace, self._compact, store.version)

    async def stop(self) -> None:
        """The scenario ends; all else stays as it is, pods that are half started too."""
        if self._task is None:
            return
        self._end()
        task, self._task = self._task, None
        self._cluster.store.listeners.remove(self._hear)
        self._cluster.objects.graceful = False
        task.cancel()
        await asyncio.wait((task,))

    def play(self, scenario: str) -> None:
        """Let a scenario befall the cluster, in place of the one that runs; afterwards it is steady again."""
        if self._task is None:
            raise RuntimeError("this cluster has no life: start it first")
        story = SCENARIOS[scenario](self)
        self._end()
        self.scenario, self._story = scenario, story
        self._tell(story)

    def _end(self) -> None:
        story, self._story = self._story, None
        if story is not None:
            story.close()

    def _tell(self, story: Story) -> None:
        """Go on with a story, unless another has begun."""
        if story is not self._story:
            return
        pause = next(story, None)
        if pause is not None:
            self.work.after(pause, self._tell, story)
        elif story is self._story:
            self.play("steady")

    async def _run(self) -> None:
        while True:
            until = time.monotonic() + _TURN
            while self._step():
                if time.monotonic() > until:
                    await asyncio.sleep(0)
                    until = time.monotonic() + _TURN
            await self.work.pause()

    def _step(self) -> bool:
        try:
            return self.work.step()
        except _MALFORMED:
            self._excuse()
            return True

    def _excuse(self) -> None:
        _log.warning("%s: an object makes no sense to its controller", self._cluster.name, exc_info=True)

    def _hear(self, resource: str, event: Event) -> None:
        """A write has happened: note what is to be looked at. Nothing is written from here."""
        try:
            if resource == "pods":
                self._hear_pod(event)
            elif resource in _RECONCILERS:
                self._hear_object(resource, event)
        except _MALFORMED:
            self._excuse()

    def _hear_pod(self, event: Event) -> None:
        record, work = event.record, self.work
        pod, gone = view(record), event.change is Change.DELETED
        if pod.owner and pod.owner.kind in _OWNERS:
            work.look(_OWNERS[pod.owner.kind], f"{record.namespace}/{pod.owner.name}")
        work.scheduler.hear_pod(event, pod, gone=gone)
        work.kubelet.hear(record, pod, gone=gone)
        if gone:
            self.load.pop(record.uid, None)
        before = view(event.previous) if event.previous else None
        if gone or before is None or (pod.ready, pod.active) != (before.ready, before.active):
            self._followers.hear_pod(record)

    def _hear_object(self, resource: str, event: Event) -> None:
        record, work = event.record, self.work
        gone = event.change is Change.DELETED
        if resource == "nodes":
            if work.scheduler.hear_node(record, gone=gone) or gone or event.change is Change.ADDED:
                work.look(resource, record.key)
                for held in work.store.of(sets.DAEMONS).page():
                    work.look(sets.DAEMONS, held.key)
            return
        if gone:
            self._forget(record)
        elif event.previous and resource in (sets.STATEFUL, sets.DAEMONS):
            work.former.setdefault(record.uid, event.previous)
        if resource in (following.SERVICES, following.BUDGETS):
            self._followers.hear(resource, record, gone=gone)
        for owner in _owned.decode(record.body).metadata.owner_references:
            if owner.kind in _OWNERS:
                work.look(_OWNERS[owner.kind], f"{record.namespace}/{owner.name}")
        work.look(resource, record.key)

    def _forget(self, record: Record) -> None:
        work = self.work
        work.templates.forget(record.uid)
        for held in (work.progress, work.schedules, work.former):
            held.pop(record.uid, None)
