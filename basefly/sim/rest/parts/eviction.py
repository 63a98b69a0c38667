"""pods/eviction: a pod is deleted if the disruption budget that covers it allows, as counted at this moment."""

from __future__ import annotations

import math
from typing import Any

import msgspec
from aiohttp import web

from basefly.sim.bodies.objects import DeleteOptions, read_object
from basefly.sim.rest import writes
from basefly.sim.status import Refusal, bad_request
from basefly.sim.store.record import Record
from basefly.sim.store.selectors import label_matcher
from basefly.sim.store.store import Store
from basefly.sim.tables import cells
from basefly.sim.wire.call import Call
from basefly.sim.wire.negotiate import answer_success

Object = dict[str, Any]
_BUDGETS = "poddisruptionbudgets.policy"
_GONE = ("Succeeded", "Failed", "Pending")
"""Phases in which a pod serves nobody: no budget protects it."""


async def answer_eviction(call: Call) -> web.Response:
    asked = await read_object(call)
    record = writes.held(call)
    if asked.get("metadata", {}).get("name") != record.name:
        raise bad_request("name in URL does not match name in Eviction object")
    options = msgspec.convert(asked.get("deleteOptions") or {}, DeleteOptions)
    writes.check_preconditions(call.kind, record, options)
    _check_budget(call.cluster.store, record)
    if not (writes.is_dry(call) or options.dry_run):
        call.cluster.objects.delete(call.kind, record, grace=options.grace_period_seconds)
    return await answer_success(call.request, code=201)


def _check_budget(store: Store, record: Record) -> None:
    pod = record.load()
    if pod["status"].get("phase") in _GONE or pod["metadata"].get("deletionTimestamp"):
        return
    budgets = [held for held in store.of(_BUDGETS).page(namespace=record.namespace) if _covers(held.load(), record)]
    if len(budgets) > 1:
        message = "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support."
        raise Refusal(500, "", message)
    for budget in budgets:
        _check(store, budget, ready=_ready(pod))


def _check(store: Store, record: Record, *, ready: bool) -> None:
    """A pod that is not ready may go while enough others are, or always if the budget says so."""
    budget = record.load()
    covered = [pod.load() for pod in store.of("pods").page(namespace=record.namespace) if _covers(budget, pod)]
    needed = _needed(store, budget["spec"], covered)
    healthy = sum(_ready(pod) and not pod["metadata"].get("deletionTimestamp") for pod in covered)
    always = budget["spec"].get("unhealthyPodEvictionPolicy") == "AlwaysAllow"
    if not ready and (always or healthy >= needed > 0):
        return
    if healthy <= needed:
        why = f"The disruption budget {record.name} needs {needed} healthy pods and has {healthy} currently"
        message = "Cannot evict pod as it would violate the pod's disruption budget."
        raise Refusal(429, "TooManyRequests", message, causes=[{"reason": "DisruptionBudget", "message": why}])


def _covers(budget: Object, pod: Record) -> bool:
    """Whether it selects a pod of its namespace: an empty selector does all of them, none at all no pod (policy/v1)."""
    held = budget["spec"].get("selector")
    wanted = cells.selector(held)
    return held is not None and (wanted == cells.NONE or label_matcher(wanted)(pod))


def _ready(pod: Object) -> bool:
    return any(held["type"] == "Ready" and held["status"] == "True" for held in pod["status"].get("conditions", ()))


def _needed(store: Store, spec: Object, pods: list[Object]) -> int:
    """How many of the pods must stay; percentages are of the replicas that their controllers want, rounded up."""
    if (most := spec.get("maxUnavailable")) is not None:
        expected = _expected(store, pods)
        return max(expected - _share(most, expected), 0)
    least = spec.get("minAvailable", 0)
    return _share(least, _expected(store, pods) if isinstance(least, str) else 0)


def _share(value: int | str, whole: int) -> int:
    return value if isinstance(value, int) else math.ceil(int(value.removesuffix("%")) * whole / 100)


def _expected(store: Store, pods: list[Object]) -> int:
    wanted: dict[str, int] = {}
    for pod in pods:
        if top := _controller(store, pod):
            wanted[top["metadata"]["uid"]] = top["spec"].get("replicas", 1)
    return sum(wanted.values())


def _controller(store: Store, obj: Object) -> Object | None:
    """The uppermost controller that counts replicas: of a pod of a deployment, the deployment."""
    top, meta = None, obj["metadata"]
    while owner := next((held for held in meta.get("ownerReferences") or () if held.get("controller")), None):
        group = owner["apiVersion"].rpartition("/")[0]
        resource = f"{owner['kind'].lower()}s" + (f".{group}" if group else "")
        found = store.get(resource, meta["namespace"], owner["name"])
        if found is None or "replicas" not in found.load().get("spec", {}):
            break
        top = found.load()
        meta = top["metadata"]
    return top
