"""The scheduler: finds pods a node that is ready, tolerated, chosen by them, and has room."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import islice

from basefly.sim.life.pods import Pod, view
from basefly.sim.life.work import Object, Work, set_condition
from basefly.sim.store.record import Event, Record
from basefly.sim.usage import quantity

_ENOUGH = 50
"""Nodes to choose among: a large cluster is not searched to its end."""
_FULL = 1.25
"""A seeded node may hold more than it has room for; it then has room for this much more than it held.

A seed is told how many nodes and pods there are, whether they fit or not: at 50 pods a node, a cluster of one to three
nodes may ask for about twice what it has. Without this, a pod of it that is deleted would find no place again.
"""


class Node:
    """A node as the scheduler sees it, with the requests of the pods on it: cores and bytes by pod key."""

    def __init__(self) -> None:
        self.pods: dict[str, tuple[float, float]] = {}
        self.used = [0.0, 0.0]
        self.room = [0.0, 0.0]
        self.slots = 0
        self.labels: dict[str, str] = {}
        self.taints: list[Object] = []
        self.unschedulable = self.ready = False

    def learn(self, node: Object) -> None:
        status = node.get("status", {})
        has = status.get("allocatable") or status.get("capacity") or {}
        self.room = [quantity(has.get("cpu", 0)), quantity(has.get("memory", 0))]
        self.slots = int(has.get("pods", 110))
        self.labels = node["metadata"].get("labels", {})
        self.taints = node["spec"].get("taints", [])
        self.unschedulable = node["spec"].get("unschedulable", False)
        self.ready = any(c["type"] == "Ready" and c["status"] == "True" for c in status.get("conditions", ()))

    def take(self, key: str, requests: tuple[float, float]) -> None:
        self.give(key)
        self.pods[key] = requests
        self.used = [self.used[0] + requests[0], self.used[1] + requests[1]]

    def give(self, key: str) -> bool:
        """Take a pod off; False if it was not there."""
        cpu, memory = self.pods.get(key, (0.0, 0.0))
        self.used = [self.used[0] - cpu, self.used[1] - memory]
        return self.pods.pop(key, None) is not None

    def load(self, siblings: str) -> float:
        """How full the node is; pods of the same maker, told by their names, weigh most: they are to be spread."""
        return sum(key.startswith(siblings) for key in self.pods) + self.used[0] / (self.room[0] or 1)

    def refuses(self, spec: Object, requests: tuple[float, float]) -> str:
        """Why a pod cannot be placed here, in the scheduler's words; empty if it can."""
        if not self.ready:
            return "node(s) were not ready"
        if self.unschedulable:
            return "node(s) were unschedulable"
        for taint in self.taints:
            if taint["effect"] != "PreferNoSchedule" and tolerance(spec, taint) is None:
                return f"node(s) had untolerated taint(s) {{{taint['key']}: {taint.get('value', '')}}}"
        if any(self.labels.get(key) != value for key, value in spec.get("nodeSelector", {}).items()):
            return "node(s) didn't match Pod's node affinity/selector"
        if len(self.pods) >= self.slots:
            return "Too many pods"
        for name, used, asked, room in zip(("cpu", "memory"), self.used, requests, self.room, strict=True):
            if used + asked > room:
                return f"Insufficient {name}"
        return ""


def tolerance(spec: Object, taint: Object) -> float | None:
    """How many seconds a pod tolerates a taint: infinite, a number, or None for not at all."""
    for held in spec.get("tolerations") or ():
        key, effect = held.get("key", ""), held.get("effect", "")
        same = held.get("operator") == "Exists" or held.get("value", "") == taint.get("value", "")
        if key in ("", taint["key"]) and effect in ("", taint["effect"]) and same:
            return float(held.get("tolerationSeconds", "inf"))
    return None


class Scheduler:
    """Who runs where, kept in sums as pods come and go, and who waits. Nothing is read before the first question."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self._nodes: dict[str, Node] = {}
        self._filled = False
        self._pending: dict[str, None] = {}
        self._turn = 0
        self._retrying = False
        self.orphans: dict[str, list[str]] = {}
        """The pods that were on a node when it went, by its name, until they are collected."""

    @property
    def nodes(self) -> dict[str, Node]:
        if not self._filled:
            self._fill()
        return self._nodes

    def _fill(self) -> None:
        self._filled = True
        store = self._work.store
        for record in store.of("nodes").page():
            self.hear_node(record, gone=False)
        for record in store.of("pods").page():
            pod = view(record)
            if pod.spec.node_name in self._nodes and not pod.finished:
                self._nodes[pod.spec.node_name].take(record.key, pod.requests)
            elif not pod.spec.node_name and pod.active:
                self._pending[record.key] = None
        for node in self._nodes.values():
            node.room = [max(room, used * _FULL) for room, used in zip(node.room, node.used, strict=True)]

    def hear_node(self, record: Record, *, gone: bool) -> bool:
        """Follow a node; True if it now takes other pods than before, or may do so."""
        if not self._filled:
            return bool(record.load()["spec"].get("taints"))
        if gone:
            self.orphans[record.name] = list(self._nodes.pop(record.name, Node()).pods)
            return True
        node = self._nodes.setdefault(record.name, Node())
        before = (node.ready, node.unschedulable, node.taints, node.labels)
        room = node.room
        node.learn(record.load())
        node.room = [max(pair) for pair in zip(node.room, room, strict=True)]
        changed = before != (node.ready, node.unschedulable, node.taints, node.labels)
        if changed:
            self.retry()
        return changed

    def hear_pod(self, event: Event, pod: Pod, *, gone: bool) -> None:
        """Follow a pod: it waits, or counts where it is."""
        key, name = event.record.key, pod.spec.node_name
        if not name:
            self._pending.pop(key, None)
            if pod.active and not gone:
                self._pending[key] = None
                self._work.look("schedule", key)
        elif self._filled and name in self._nodes:
            if not gone and not pod.finished:
                if key not in self._nodes[name].pods:
                    self._nodes[name].take(key, pod.requests)
            elif self._nodes[name].give(key):
                self.retry()

    def retry(self) -> None:
        """Something has changed: who waits is tried again in a second."""
        if self._pending and not self._retrying:
            self._retrying = True
            self._work.after(1.0, self._try_again)

    def _try_again(self) -> None:
        self._retrying = False
        for key in islice(self._pending, _ENOUGH):
            self._work.look("schedule", key)

    def place(self, key: str) -> None:
        """Find a node for a pod that waits, or say why there is none."""
        work, nodes = self._work, self.nodes
        pod, held = work.get("pods", key), work.store.of("pods").records.get(key)
        if pod is None or held is None or pod["spec"].get("nodeName") or pod["spec"].get("schedulingGates"):
            return
        requests = view(held).requests
        reasons: Counter[str] = Counter()
        fits = islice(self._fitting(pod["spec"], requests, reasons), _ENOUGH)
        siblings = f"{held.namespace}/{pod['metadata'].get('generateName', held.name)}"
        best = min(fits, key=lambda name: (nodes[name].load(siblings), name), default="")
        if best:
            self._pending.pop(key, None)
            self._bind(pod, best)
            return
        self._pending.pop(key, None)
        self._pending[key] = None  # behind the others: those that never fit do not keep them from their turn
        why = ", ".join(f"{count} {reason}" for reason, count in sorted(reasons.items()))
        message = f"0/{len(nodes)} nodes are available: {why}." if nodes else "no nodes available to schedule pods"
        work.tell(("Pod", pod), "FailedScheduling", message, "default-scheduler", warning=True)
        if set_condition(pod["status"], "PodScheduled", "False", "Unschedulable", message):
            work.put("pods", pod)

    def _fitting(self, spec: Object, requests: tuple[float, float], reasons: Counter[str]) -> Iterator[str]:
        """Names of nodes that take a pod, each search beginning where the last one ended."""
        names = list(self._nodes)
        self._turn = (self._turn + 1) % max(len(names), 1)
        for name in names[self._turn :] + names[: self._turn]:
            why = self._nodes[name].refuses(spec, requests)
            if why:
                reasons[why] += 1
            else:
                yield name

    def _bind(self, pod: Object, node: str) -> None:
        meta = pod["metadata"]
        pod["spec"]["nodeName"] = node
        set_condition(pod["status"], "PodScheduled", "True")
        placed = f"Successfully assigned {meta['namespace']}/{meta['name']} to {node}"
        self._work.tell(("Pod", pod), "Scheduled", placed, "default-scheduler")
        self._work.put("pods", pod)


def place(work: Work, key: str) -> None:
    work.scheduler.place(key)
