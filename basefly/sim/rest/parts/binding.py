"""pods/binding: what a scheduler writes when it has chosen a node for a pod."""

from __future__ import annotations

from aiohttp import web

from basefly.sim.bodies.objects import read_object
from basefly.sim.clock import now
from basefly.sim.rest import writes
from basefly.sim.status import Refusal, bad_request
from basefly.sim.wire.call import Call
from basefly.sim.wire.negotiate import answer_success


async def answer_binding(call: Call) -> web.Response:
    """Set the pod's node once, and say in its conditions that it is scheduled."""
    asked = await read_object(call)
    record = writes.held(call)
    if asked.get("metadata", {}).get("name") != record.name:
        raise bad_request("name in URL does not match name in Binding object")
    pod = record.load()
    spec, meta = pod["spec"], pod["metadata"]
    if meta.get("deletionTimestamp"):
        raise _conflict(record.name, f"pod {record.name} is being deleted, cannot be assigned to a host")
    if spec.get("nodeName"):
        raise _conflict(record.name, f'pod {record.name} is already assigned to node "{spec["nodeName"]}"')
    if spec.get("schedulingGates"):
        raise _conflict(record.name, f"pod {record.name} has non-empty .spec.schedulingGates")
    spec["nodeName"] = asked["target"]["name"]
    meta["annotations"] = meta.get("annotations", {}) | asked["metadata"].get("annotations", {})
    conditions = [held for held in pod["status"].get("conditions", ()) if held["type"] != "PodScheduled"]
    scheduled = {"type": "PodScheduled", "status": "True", "lastProbeTime": None, "lastTransitionTime": now()}
    pod["status"]["conditions"] = [*conditions, scheduled]
    if not writes.is_dry(call):
        call.cluster.store.put(call.kind.name, pod)  # a node is no new generation
    return await answer_success(call.request, code=201)


def _conflict(name: str, why: str) -> Refusal:
    message = f'Operation cannot be fulfilled on pods/binding "{name}": {why}'
    return Refusal(409, "Conflict", message, name=name, kind="pods/binding")
