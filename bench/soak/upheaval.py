"""One simulated cluster in upheaval: its objects come, change and go, while one fault follows another."""

from __future__ import annotations

import asyncio
import random
import time
from collections import defaultdict
from typing import Any

import msgspec

from basefly.sim import Cluster
from basefly.sim.faults import Effect, Fault

KINDS = ("pods", "deployments.apps", "configmaps")
CROWD = 40  # objects of a kind, about
WATCHES = {"verb": "watch"}

# How each effect is aimed. What is not here meets every request there is.
AIMED: dict[Effect, dict[str, Any]] = {
    Effect.SLOW: {"share": 0.3, "seconds": 0.5},
    Effect.HANG: {"share": 0.2},
    Effect.RESET: {"share": 0.5},
    Effect.GONE: {"share": 0.3},
    Effect.GONE_AT_ONCE: {"share": 0.3},
    Effect.TOO_MANY: {"share": 0.5},
    Effect.ERROR: {"share": 0.5, "code": 503},
    Effect.LAGGING: {"behind": 50},
    Effect.TRICKLE: {"share": 0.3, "rate": 200.0},
    Effect.HALF_OPEN: WATCHES | {"share": 0.3},
    Effect.TRUNCATED: WATCHES | {"share": 0.5},
    Effect.SPLIT: WATCHES | {"share": 0.5},
    Effect.PIECES: {"size": 100},
    Effect.GARBLED: WATCHES | {"share": 0.1},
    Effect.NAN: WATCHES | {"share": 0.1},
    Effect.DEEP: WATCHES | {"share": 0.1},
    Effect.HUGE: WATCHES | {"share": 0.1, "size": 500_000},
    Effect.LABELS: WATCHES | {"share": 0.05, "size": 1_000},
    Effect.FLIPPED: WATCHES | {"share": 0.1},
}
# While these last the server tells what is not so, or not at all, and nobody could know.
LIES = {Effect.MISSED_DELETES, Effect.LABELS, Effect.FLIPPED, Effect.HUGE}
# And while these last, what is told cannot be read, or not in its order: it is known to be so, and made up for.
NOISE = {Effect.GARBLED, Effect.NAN, Effect.DEEP, Effect.REORDERED}


# What these hold up stays held up; whoever mends such a line cuts it, and so does who mends one that makes noise.
HELD = {Effect.HALF_OPEN, Effect.TRICKLE, Effect.STALLED}
# Lists in pages only happen where watches list nothing; and a list only where the history is forgotten.
COMPANIONS = {Effect.GONE_ON_PAGE: Effect.UNSTREAMED}
LISTING = {Effect.GONE_ON_PAGE, Effect.UNSTREAMED, Effect.NO_END}


class Excuse(msgspec.Struct, frozen=True, gc=False):
    """What a kind was told behind where it stood at a time (monotonic, s), up to a version, need not be the truth."""

    resource: str
    since: float
    until: int


class Upheaval:
    """Upsets one cluster; `excuses` say about what it did not tell the truth."""

    def __init__(self, cluster: Cluster, chance: random.Random) -> None:
        self._cluster, self._chance = cluster, chance
        self._names: dict[str, list[str]] = {kind: [] for kind in KINDS}
        self._serial = 0
        self._mending: list[Fault] = []
        self.events = 0
        self.by_effect: dict[Effect, int] = defaultdict(int)
        self.excuses: list[Excuse] = []

    @property
    def struck(self) -> int:
        """How often faults have struck so far."""
        return sum(self.by_effect.values())

    async def run(self, events: int, least: float, *, faults: bool = True) -> None:
        """So many events over at least so many seconds, and faults all the while; then all is taken back."""
        living = asyncio.create_task(self._live(events, least))
        if not faults:
            await living
        while not living.done():
            effects = [effect for effect in Effect if effect is not Effect.CONFLICT]
            self._chance.shuffle(effects)
            for effect in effects:
                if living.done():
                    break
                await self._upset(effect, least / len(effects))
        living.result()
        pending = [fault.resource for fault in self._mending if not fault.struck]
        self._cluster.faults.clear()
        for resource in pending:
            self._forget(str(resource))

    async def _live(self, events: int, least: float) -> None:
        began = time.monotonic()
        for number in range(events):
            self._step()
            self.events += 1
            early = began + least * number / events - time.monotonic()
            if number % 5 == 0:
                await asyncio.sleep(max(early, 0))

    def _step(self) -> None:
        api, kind = self._cluster.api, self._chance.choice(KINDS)
        names = self._names[kind]
        way = self._chance.random()
        if len(names) < CROWD // 2 or (way < 0.2 and len(names) < CROWD):
            self._serial += 1
            api.create(_made(kind, f"soak-{self._serial}"))
            names.append(f"soak-{self._serial}")
        elif way < 0.4:
            api.delete(kind, names.pop(self._chance.randrange(len(names))))
        else:
            mark = str(self._chance.random())
            name = self._chance.choice(names)
            api.change(kind, name, by=lambda whole: whole["metadata"].update(labels={"mark": mark}))

    async def _upset(self, effect: Effect, seconds: float) -> None:
        faults, since = self._cluster.faults, time.monotonic()
        aim = AIMED.get(effect, {})
        if effect in LIES:
            aim = aim | {"resource": self._chance.choice(KINDS)}
        fault = faults.add(effect, **aim, seed=self._chance.randrange(2**31))
        companion = faults.add(COMPANIONS[effect]) if effect in COMPANIONS else None
        if effect in LISTING or self._chance.random() < 0.2:
            self._cluster.compact()
        if effect in LISTING or self._chance.random() < 0.7:
            faults.drop_watches()
        await asyncio.sleep(seconds * self._chance.uniform(0.5, 0.8))
        for taken in filter(None, (fault, companion)):
            faults.remove(taken)
        self.by_effect[effect] += fault.struck
        if effect in HELD | NOISE:
            faults.drop_watches()
        if effect in LIES | NOISE:
            self.excuses += [Excuse(kind, since, self._cluster.store.version) for kind in KINDS]
        if effect in LIES:
            self._forget(aim["resource"])
        await asyncio.sleep(seconds * self._chance.uniform(0.1, 0.3))

    def _forget(self, resource: str) -> None:
        """A server that told what was not so is restarted, and has forgotten its history."""
        gone = self._cluster.faults.add(Effect.GONE_AT_ONCE, resource=resource, verb="watch", times=1)
        self._mending = [*(fault for fault in self._mending if not fault.struck), gone]
        self._cluster.faults.drop_watches()


def _made(kind: str, name: str) -> dict[str, Any]:
    meta = {"name": name, "namespace": "default"}
    if kind == "configmaps":
        return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta, "data": {"key": name}}
    pod: dict[str, Any] = {"containers": [{"name": "app", "image": "app:1"}]}
    if kind == "pods":
        status = {"phase": "Running"}
        return {"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": pod, "status": status}
    labels = {"app": name}
    template = {"metadata": {"labels": labels}, "spec": pod}
    spec = {"replicas": 1, "selector": {"matchLabels": labels}, "template": template}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": meta, "spec": spec}
