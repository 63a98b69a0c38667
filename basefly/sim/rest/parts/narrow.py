"""Parts that take a whole object and change one thing of it: ephemeral containers, resources, finalizers."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from basefly.sim.bodies import patches
from basefly.sim.bodies.objects import read_object
from basefly.sim.rest import reads, writes
from basefly.sim.rest.render import one
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
    new["metadata"] |= {key: asked["metadata"][key] for key in ("resourceVersion", "uid") if key in asked["metadata"]}
    changed = call.cluster.objects.update(call.kind, record, new, dry=writes.is_dry(call))
    return await answer(call.request, one(call.kind, changed, call.accept.form), accept=call.accept)


def _ephemeral(spec: Object, asked: Object) -> None:
    spec["ephemeralContainers"] = asked.get("ephemeralContainers", [])


def _resources(spec: Object, asked: Object) -> None:
    wanted = {held["name"]: held.get("resources", {}) for held in asked.get("containers", ())}
    for container in spec["containers"]:
        container["resources"] = wanted.get(container["name"], container.get("resources", {}))


def _finalizers(spec: Object, asked: Object) -> None:
    spec["finalizers"] = asked.get("finalizers", [])


_TAKE = {"ephemeralcontainers": _ephemeral, "resize": _resources, "finalize": _finalizers}
