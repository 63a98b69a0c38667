"""What all controllers share: the cluster's objects, timers in simulated time, and what is to be looked at again."""

from __future__ import annotations

import asyncio
import heapq
import itertools
import random
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import msgspec

from basefly.sim.clock import now
from basefly.sim.store.record import Record

if TYPE_CHECKING:
    from basefly.sim.cluster import Cluster
    from basefly.sim.life.kubelet import Kubelet
    from basefly.sim.life.pods import Templates
    from basefly.sim.life.scheduler import Scheduler

Object = dict[str, Any]
Reconcile = Callable[["Work", str], None]
_EVENT_SECONDS = 3600.0
_EVENTS = 20_000
"""How many events a cluster remembers at most, however fast it is driven."""
_DEAR, _RESTS = 0.002, 10.0
"""Real seconds of work after which an object rests, and for how many times as long."""
_DOZE = 10.0
"""Real seconds after which a sleeper looks at the clock again: its pace may have changed meanwhile."""


class Work:
    """The queue of one cluster. Objects are named by resource and by `key`, which is "namespace/name"."""

    templates: Templates
    kubelet: Kubelet
    scheduler: Scheduler

    def __init__(self, cluster: Cluster, reconcilers: Mapping[str, Reconcile]) -> None:
        self.cluster, self.store, self.objects = cluster, cluster.store, cluster.objects
        self.chance = random.Random(cluster.objects.new_uid())  # noqa: S311  # choices that a seed repeats, no secrets
        self._reconcilers = reconcilers
        self._timers: list[tuple[float, int, Callable[..., None], tuple[Any, ...]]] = []
        self._number = itertools.count()
        self._as_of = 0.0
        self._dirty: OrderedDict[tuple[str, str], None] = OrderedDict()
        self._resting: dict[tuple[str, str], bool] = {}
        """Whether someone has asked for a look meanwhile."""
        self._woken = asyncio.Event()
        self.progress: dict[str, float] = {}
        """When a deployment last came forward, by uid, in simulated time."""
        self.schedules: dict[str, str] = {}
        """By which schedule a cron job is awaited, by uid."""
        self.former: dict[str, Record] = {}
        """What a set was before it was first changed: its pods are of that template."""
        self.beating: dict[str, str] = {}
        """The uid of each node whose kubelet reports, by name."""
        self._told: dict[tuple[str, str, str], str] = {}
        self._events: deque[tuple[float, tuple[str, str, str], str]] = deque()

    @property
    def time(self) -> float:
        """Simulated seconds since the epoch; what is done late is done as of its time, so that no delay adds up."""
        return self._as_of or self.cluster.clock.seconds()

    def after(self, seconds: float, act: Callable[..., None], *given: Any) -> None:
        """Act after simulated seconds; whoever acts looks first whether the world is still as it was."""
        heapq.heappush(self._timers, (self.time + seconds, next(self._number), act, given))
        self._woken.set()

    def look(self, resource: str, key: str) -> None:
        """Reconcile an object soon, once however often it is asked for."""
        if (resource, key) in self._resting:
            self._resting[resource, key] = True
            return
        self._dirty[resource, key] = None
        self._woken.set()

    def step(self) -> bool:
        """Do one thing that is due; False if nothing is."""
        if self._dirty:
            (resource, key), _ = self._dirty.popitem(last=False)
            began = time.perf_counter()
            self._reconcilers[resource](self, key)
            self._rest(resource, key, time.perf_counter() - began)
            return True
        if self._timers and self._timers[0][0] <= self.cluster.clock.seconds():
            self._as_of, _, act, given = heapq.heappop(self._timers)
            act(*given)
            return True
        self._as_of = 0.0
        return False

    def _rest(self, resource: str, key: str, took: float) -> None:
        """What is dear to reconcile, such as a set of a thousand pods, is looked at less often."""
        if took > _DEAR:
            self._resting[resource, key] = False
            self.after(_RESTS * took * self.cluster.clock.pace, self._wake, resource, key)

    def _wake(self, resource: str, key: str) -> None:
        if self._resting.pop((resource, key), False):
            self.look(resource, key)

    async def pause(self) -> None:
        """Until something is due or someone asks for a look."""
        wait = _DOZE
        if self._timers:
            wait = min(wait, (self._timers[0][0] - self.time) / self.cluster.clock.pace)
        alarm = asyncio.get_running_loop().call_later(max(wait, 0.001), self._woken.set)
        await self._woken.wait()
        alarm.cancel()
        self._woken.clear()

    def get(self, resource: str, key: str) -> Object | None:
        """An object to change and `put`, or None if there is none or it is on its way out."""
        held = self.store.of(resource).records.get(key)
        obj = load(held) if held else None
        return None if obj is None or "deletionTimestamp" in obj["metadata"] else obj

    def put(self, resource: str, obj: Object) -> Record:
        return self.store.put(resource, obj)

    def put_status(self, resource: str, obj: Object, status: Object) -> None:
        """Write a status if it says something new."""
        if obj.get("status") != status:
            self.store.put(resource, obj | {"status": status})

    def create(self, resource: str, obj: Object) -> None:
        """Add an object that is already as the server would store it, but for its uid and time."""
        obj["metadata"] |= {"uid": self.objects.new_uid(), "creationTimestamp": now()}
        self.store.put(resource, obj)

    def delete(self, resource: str, key: str, *, grace: int | None = None) -> None:
        held = self.store.of(resource).records.get(key)
        if held:
            self.objects.delete(self.objects.catalog.named(resource), held, grace=grace)

    def owned(self, uid: str, resource: str) -> list[Record]:
        """What of a resource names `uid` as an owner, oldest version first."""
        found = (held for kind, held in self.store.owned_by(uid) if kind == resource)
        return sorted(found, key=lambda held: held.version)

    def tell(self, about: tuple[str, Object], reason: str, message: str, by: str, *, warning: bool = False) -> None:
        """Report an event about (kind, object); what is told again only counts."""
        kind, obj = about
        meta = obj["metadata"]
        mark, namespace = (meta["uid"], reason, message), meta.get("namespace") or "default"
        held = self.store.of("events").records.get(self._told.get(mark, ""))
        if held:
            told = held.load()
            self.put("events", told | {"count": told["count"] + 1, "lastTimestamp": now()})
            return
        event = _event(kind, meta, reason, message)
        name = f"{meta['name']}.{self.chance.getrandbits(64):016x}"
        event["metadata"] = {"name": name, "namespace": namespace}
        host = obj["spec"].get("nodeName", "") if by == "kubelet" and kind == "Pod" else ""
        event |= {"type": "Warning" if warning else "Normal", "reportingComponent": by, "reportingInstance": host}
        event["source"] = {"component": by} | ({"host": host} if host else {})
        self._told[mark] = f"{namespace}/{name}"
        self._events.append((self.time + _EVENT_SECONDS, mark, self._told[mark]))
        self.create("events", event)
        if len(self._events) == 1:
            self.after(_EVENT_SECONDS, self._expire)
        elif len(self._events) > _EVENTS:
            self._forget_event()

    def _expire(self) -> None:
        while self._events and self._events[0][0] <= self.time:
            self._forget_event()
        if self._events:
            self.after(self._events[0][0] - self.time + 60, self._expire)

    def _forget_event(self) -> None:
        _, mark, key = self._events.popleft()
        self._told.pop(mark, None)
        self.delete("events", key)


@lru_cache(4_096)
def _body(record: Record) -> bytes:
    """What a seed decides is made whenever it is asked for; controllers ask for the same a few times in a row."""
    return record.body


def load(record: Record) -> Object:
    obj: Object = msgspec.json.decode(_body(record))
    return obj


def _event(kind: str, meta: Object, reason: str, message: str) -> Object:
    about: Object = {key: meta[key] for key in ("namespace", "name", "uid") if key in meta}
    about |= {"kind": kind, "apiVersion": _API_VERSIONS.get(kind, "apps/v1")}
    times = dict.fromkeys(("firstTimestamp", "lastTimestamp"), now())
    return {"involvedObject": about, "reason": reason, "message": message, **times, "count": 1, "eventTime": None}


_API_VERSIONS = {"Pod": "v1", "Node": "v1", "PersistentVolumeClaim": "v1", "Job": "batch/v1", "CronJob": "batch/v1"}


def owner_reference(kind: str, obj: Object) -> Object:
    """The ownerReference of a controller."""
    named = {"apiVersion": _API_VERSIONS.get(kind, "apps/v1"), "kind": kind}
    meta = obj["metadata"]
    return named | {"name": meta["name"], "uid": meta["uid"], "controller": True, "blockOwnerDeletion": True}


def set_condition(status: Object, kind: str, value: str, reason: str = "", message: str = "") -> bool:
    """Set a condition in place; its time of transition changes with its value alone. Says whether it was news."""
    held = next((held for held in status.setdefault("conditions", []) if held["type"] == kind), None)
    if held is None:
        held = {"type": kind}
        status["conditions"].append(held)
    if (held.get("status"), held.get("reason", ""), held.get("message", "")) == (value, reason, message):
        return False
    if held.get("status") != value:
        held["lastTransitionTime"] = now()
    if kind in ("Progressing", "Available"):
        held["lastUpdateTime"] = now()
    held |= {"status": value, "reason": reason, "message": message}
    for name in ("reason", "message"):
        if not held[name]:
            del held[name]
    return True


def share(value: int | str, total: int, *, up: bool = False) -> int:
    """What an int-or-percent means of a total."""
    if isinstance(value, str) and value.endswith("%"):
        exact = total * int(value[:-1])
        return -(-exact // 100) if up else exact // 100
    return int(value)
