"""Nodes: their heartbeats and what happens without them, the taints that drive pods away, how nodes come and go."""

from __future__ import annotations

from copy import deepcopy

from basefly.sim.clock import now
from basefly.sim.life.pods import view
from basefly.sim.life.scheduler import tolerance
from basefly.sim.life.work import Object, Work, set_condition

_BEAT = 300.0
_NOTICED = 50.0
"""Seconds of silence after which a node counts as lost."""
_COLLECTED = 5.0
_UNREACHABLE, _NOT_READY = "node.kubernetes.io/unreachable", "node.kubernetes.io/not-ready"
PRESSURE = "node.kubernetes.io/disk-pressure"
_SILENT = ("Unknown", "NodeStatusUnknown", "Kubelet stopped posting node status.")
_WELL = {
    "MemoryPressure": ("False", "KubeletHasSufficientMemory", "kubelet has sufficient memory available"),
    "DiskPressure": ("False", "KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
    "PIDPressure": ("False", "KubeletHasSufficientPID", "kubelet has sufficient PID available"),
    "Ready": ("True", "KubeletReady", "kubelet is posting ready status"),
}


def start_beating(work: Work) -> None:
    """Every node that posts its status goes on to do so; no node is read before its time."""
    for record in work.store.of("nodes").page():
        work.beating[record.name] = record.uid
        work.after(work.chance.uniform(0, _BEAT), _beat_first, work, record.name, record.uid)


def _beat_first(work: Work, name: str, uid: str) -> None:
    """A node that was seeded as silent stays so."""
    node = work.get("nodes", f"/{name}")
    if node and any(held["status"] == "Unknown" for held in node["status"].get("conditions", ())):
        work.kubelet.lost.add(name)
    _beat(work, name, uid)


def reconcile_node(work: Work, key: str) -> None:
    """What a change of a node means for its kubelet and for the pods on it."""
    name = key.rpartition("/")[2]
    record = work.store.get("nodes", "", name)
    # 1. It is gone: its pods are collected.
    if record is None:
        work.beating.pop(name, None)
        work.kubelet.lost.discard(name)
        work.after(_COLLECTED, _collect, work, name)
        return
    # 2. It is new: its kubelet begins to report.
    if work.beating.get(name) != record.uid:
        work.beating[name] = record.uid
        work.after(0.5, _beat, work, name, record.uid)
    # 3. Pods that do not tolerate its taints leave, at once or after their time.
    taints = [taint for taint in record.load()["spec"].get("taints", ()) if taint["effect"] == "NoExecute"]
    for pod in pods_on(work, name) if taints else ():
        spec = pod["spec"]
        times = [tolerance(spec, taint) for taint in taints]
        left = min(0.0 if seconds is None else seconds for seconds in times)
        if left < float("inf") and "deletionTimestamp" not in pod["metadata"]:
            where = f"{pod['metadata']['namespace']}/{pod['metadata']['name']}"
            work.after(left, _drive_away, work, where, pod["metadata"]["uid"], [taint["key"] for taint in taints])


def pods_on(work: Work, node: str) -> list[Object]:
    """The pods of a node, from the scheduler's book."""
    book = work.scheduler.nodes.get(node)
    held = (work.store.of("pods").records.get(key) for key in (book.pods if book else ()))
    return [record.load() for record in held if record]


def _drive_away(work: Work, key: str, uid: str, keys: list[str]) -> None:
    pod = work.get("pods", key)
    if pod is None or pod["metadata"]["uid"] != uid:
        return
    node = work.get("nodes", f"/{pod['spec']['nodeName']}")
    if node and any(taint["key"] in keys for taint in node["spec"].get("taints", ())):
        work.tell(("Pod", pod), "TaintManagerEviction", f"Marking for deletion Pod {key}", "taint-eviction-controller")
        work.delete("pods", key)


def _collect(work: Work, name: str) -> None:
    """Remove the pods of a node that is gone for good; only where no book was kept yet, all pods are asked."""
    keys = work.scheduler.orphans.pop(name, None)
    if keys is None:
        keys = [one.key for one in work.store.of("pods").page() if view(one).spec.node_name == name]
    for key in keys if not work.store.get("nodes", "", name) else ():
        work.delete("pods", key, grace=0)


def _beat(work: Work, name: str, uid: str) -> None:
    """The kubelet of a node posts its status, and again after five minutes."""
    node = work.get("nodes", f"/{name}")
    if node is None or node["metadata"]["uid"] != uid:
        return
    work.after(_BEAT, _beat, work, name, uid)
    if name in work.kubelet.lost:
        return
    status = node.setdefault("status", {})
    for kind, (value, reason, message) in _WELL.items():
        held = next((held for held in status.get("conditions", ()) if held["type"] == kind), None)
        if held is None or held["status"] == "Unknown":
            set_condition(status, kind, value, reason, message)
    for held in status["conditions"]:
        held["lastHeartbeatTime"] = now()
    _untaint(node, _UNREACHABLE, _NOT_READY)
    work.put("nodes", node)


def _untaint(node: Object, *keys: str) -> None:
    taints = [taint for taint in node["spec"].get("taints", ()) if taint["key"] not in keys]
    node["spec"].pop("taints", None)
    if taints:
        node["spec"]["taints"] = taints


def lose(work: Work, name: str) -> None:
    """A node falls silent; the cluster notices after a while."""
    work.kubelet.lost.add(name)
    work.after(_NOTICED, _notice, work, name)


def _notice(work: Work, name: str) -> None:
    node = work.get("nodes", f"/{name}")
    if node is None or name not in work.kubelet.lost:
        return
    for kind in _WELL:
        set_condition(node["status"], kind, *_SILENT)
    _untaint(node, _UNREACHABLE)
    marks = [{"key": _UNREACHABLE, "effect": effect, "timeAdded": now()} for effect in ("NoSchedule", "NoExecute")]
    node["spec"]["taints"] = node["spec"].get("taints", []) + marks
    work.put("nodes", node)
    work.tell(("Node", node), "NodeNotReady", f"Node {name} status is now: NodeNotReady", "node-controller")
    for pod in pods_on(work, name):
        if set_condition(pod["status"], "Ready", "False", "NodeNotReady"):
            work.put("pods", pod)


def find(work: Work, name: str) -> None:
    """A lost node is back: it reports, and so do its pods."""
    work.kubelet.lost.discard(name)
    node = work.get("nodes", f"/{name}")
    if node is None:
        return
    _beat(work, name, node["metadata"]["uid"])
    for pod in pods_on(work, name):
        states = pod["status"].get("containerStatuses", ())
        if all(held["ready"] for held in states) and set_condition(pod["status"], "Ready", "True"):
            work.put("pods", pod)


def press(work: Work, name: str, *, full: bool) -> None:
    """The disk of a node is full, or no longer."""
    node = work.get("nodes", f"/{name}")
    if node is None:
        return
    why = ("True", "KubeletHasDiskPressure", "kubelet has disk pressure") if full else _WELL["DiskPressure"]
    set_condition(node["status"], "DiskPressure", *why)
    _untaint(node, PRESSURE)
    if full:
        mark = {"key": PRESSURE, "effect": "NoSchedule", "timeAdded": now()}
        node["spec"]["taints"] = [*node["spec"].get("taints", ()), mark]
    work.put("nodes", node)
    reason = "NodeHasDiskPressure" if full else "NodeHasNoDiskPressure"
    work.tell(("Node", node), reason, f"Node {name} status is now: {reason}", "kubelet")


def evict(work: Work, key: str) -> None:
    """The kubelet ends a pod because its node lacks disk."""
    pod = work.get("pods", key)
    if pod is None:
        return
    message = "The node was low on resource: ephemeral-storage."
    work.tell(("Pod", pod), "Evicted", message, "kubelet", warning=True)
    pod["status"] |= {"phase": "Failed", "reason": "Evicted", "message": message}
    set_condition(pod["status"], "DisruptionTarget", "True", "TerminationByKubelet", message)
    for kind in ("Ready", "ContainersReady"):
        set_condition(pod["status"], kind, "False", "PodFailed")
    pod["status"].pop("containerStatuses", None)
    work.put("pods", pod)


def join(work: Work, like: Object) -> str:
    """A new node of the shape of another; returns its name."""
    node = deepcopy(like)
    digits = f"{work.chance.getrandbits(24):06x}"
    name = f"{like['metadata']['name'].partition('-')[0]}-{digits}-{work.chance.randint(100, 999)}"
    meta = {key: value for key, value in node["metadata"].items() if key in ("labels", "annotations")}
    labels = meta.get("labels", {}) | {"kubernetes.io/hostname": name}
    node["metadata"] = meta | {"name": name, "labels": labels}
    node["spec"] = {"providerID": str(node["spec"].get("providerID", "")).rpartition("/")[0] + f"/{name}"}
    number = work.chance.getrandbits(16)
    addresses = {"InternalIP": f"10.31.{number >> 8}.{number & 255}", "Hostname": name}
    node["status"] |= {
        "conditions": [],
        "addresses": [{"type": kind, "address": value} for kind, value in addresses.items()],
    }
    set_condition(node["status"], "Ready", "False", "KubeletNotReady", "container runtime network not ready")
    work.create("nodes", node)
    work.tell(("Node", node), "RegisteredNode", f"Node {name} event: Registered Node {name}", "node-controller")
    work.after(20, _become_ready, work, name)
    return name


def _become_ready(work: Work, name: str) -> None:
    node = work.get("nodes", f"/{name}")
    if node:
        for kind, why in _WELL.items():
            set_condition(node["status"], kind, *why)
        work.put("nodes", node)
