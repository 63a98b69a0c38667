"""Parts that take a whole object and change one thing of it: ephemeral containers, resources, finalizers."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from aiohttp import web

from basefly.sim.bodies import patches
from basefly.sim.bodies.objects import read_object
from basefly.sim.rest import reads, writes
from basefly.sim.rest.render import one
from basefly.sim.rules import WHOLE
from basefly.sim.wire.call import Call
from basefly.sim.wire.negotiate import answer

Object = dict[str, Any]


async def answer_narrow(call: Call) -> web.Response:
    """Read the whole object, or write the one thing; what else the body says is not heard, as in the real server."""
    if call.target.verb == "get":
        return await reads.get(call)
    body = await read_object(call) if call.target.verb == "update" else None
    text = await call.request.read()
    record = writes.held(call)
    old = record.load() | {"apiVersion": call.kind.api_version, "kind": call.kind.kind}
    asked = body if body is not None else patches.apply(call.kind, old, text, call.request.content_type)
    new = record.load()
    _TAKE[call.target.subresource](new["spec"], asked.get("spec") or {})
    ephemeral = call.target.subresource == "ephemeralcontainers"
    if ephemeral:
        _running(new)
    new["metadata"] |= {key: asked["metadata"][key] for key in ("resourceVersion", "uid") if key in asked["metadata"]}
    part = WHOLE if ephemeral else ""
    changed = call.cluster.objects.update(call.kind, record, new, part=part, dry=writes.is_dry(call))
    return await answer(call.request, one(call.kind, changed, call.accept.form), accept=call.accept)


def _ephemeral(spec: Object, asked: Object) -> None:
    spec["ephemeralContainers"] = asked.get("ephemeralContainers", [])


def _running(pod: Object) -> None:
    """The kubelet of a pod starts its ephemeral containers at once, and they run for as long as it does."""
    held = pod["spec"].get("ephemeralContainers") or []
    if not pod["spec"].get("nodeName") or not held:
        return
    known = {each["name"]: each for each in pod.setdefault("status", {}).get("ephemeralContainerStatuses") or []}
    begun = {"running": {"startedAt": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")}}
    pod["status"]["ephemeralContainerStatuses"] = [
        known.get(each["name"])
        or {"name": each["name"], "image": each.get("image", ""), "imageID": "", "ready": False, "restartCount": 0}
        | {"state": begun}
        for each in held
    ]


def _resources(spec: Object, asked: Object) -> None:
    wanted = {held["name"]: held.get("resources", {}) for held in asked.get("containers", ())}
    for container in spec["containers"]:
        container["resources"] = wanted.get(container["name"], container.get("resources", {}))


def _finalizers(spec: Object, asked: Object) -> None:
    spec["finalizers"] = asked.get("finalizers", [])


_TAKE = {"ephemeralcontainers": _ephemeral, "resize": _resources, "finalize": _finalizers}
