"""The number of replicas as an autoscaling/v1 Scale, read from and written into the object that has them."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from basefly.sim.bodies import patches
from basefly.sim.bodies.objects import read_object
from basefly.sim.rest import writes
from basefly.sim.status import Cause, invalid, modified
from basefly.sim.store.record import Record
from basefly.sim.wire.call import Call
from basefly.sim.wire.negotiate import answer_value

Object = dict[str, Any]
_SCALE = {"specReplicasPath": ".spec.replicas", "statusReplicasPath": ".status.replicas"}


async def answer_scale(call: Call) -> web.Response:
    """Read or write it."""
    body = await read_object(call) if call.target.verb == "update" else None
    text = await call.request.read()
    record = writes.held(call)
    scale = _as_scale(call, record)
    if call.target.verb == "get":
        return await answer_value(call.request, scale)
    wanted = body if body is not None else patches.apply(call.kind, scale, text, call.request.content_type)
    if wanted["metadata"].get("resourceVersion", str(record.version)) != str(record.version):
        raise modified(call.kind, record.name)
    replicas = int(wanted.get("spec", {}).get("replicas", 0))
    if replicas < 0:
        cause = Cause(
            "FieldValueInvalid", f"Invalid value: {replicas}: must be greater than or equal to 0", "spec.replicas"
        )
        raise invalid("Scale", record.name, [cause], group="autoscaling")
    obj = record.load()
    _put(obj, _paths(call)["specReplicasPath"], replicas)
    changed = call.cluster.objects.update(call.kind, record, obj, dry=writes.is_dry(call))
    return await answer_value(call.request, _as_scale(call, changed))


def _paths(call: Call) -> dict[str, str]:
    return call.kind.scale or _SCALE


def _as_scale(call: Call, record: Record) -> Object:
    obj = record.load()
    meta = {
        key: obj["metadata"].get(key) for key in ("name", "namespace", "uid", "resourceVersion", "creationTimestamp")
    }
    paths = _paths(call)
    status: Object = {"replicas": _get(obj, paths["statusReplicasPath"]) or 0}
    selector = (obj.get("spec") or {}).get("selector") or {}
    if labels := selector.get("matchLabels"):
        status["selector"] = ",".join(f"{key}={value}" for key, value in sorted(labels.items()))
    replicas = _get(obj, paths["specReplicasPath"])
    spec = {"replicas": replicas} if replicas else {}
    return {"kind": "Scale", "apiVersion": "autoscaling/v1", "metadata": meta, "spec": spec, "status": status}


def _get(obj: Any, path: str) -> Any:
    for part in path.lstrip(".").split("."):
        obj = obj.get(part) if isinstance(obj, dict) else None
    return obj


def _put(obj: Object, path: str, value: Any) -> None:
    *parents, last = path.lstrip(".").split(".")
    for part in parents:
        obj = obj.setdefault(part, {})
    obj[last] = value
