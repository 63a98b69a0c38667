"""The aggregated API metrics.k8s.io: what nodes and pods use, as metrics-server tells it."""

from __future__ import annotations

import time
import zlib
from typing import Any

import msgspec
from aiohttp import web

from basefly.sim import usage
from basefly.sim.clock import written
from basefly.sim.rest.render import many, whole
from basefly.sim.status import Refusal, not_allowed
from basefly.sim.store import selectors
from basefly.sim.store.record import Record
from basefly.sim.usage import Usage
from basefly.sim.wire.call import Call
from basefly.sim.wire.negotiate import Form, answer

GROUP = "metrics.k8s.io"


async def answer_metrics(call: Call) -> web.Response:
    """Get or list; nothing can be watched or written. Tables are not made: the whole objects are told."""
    if call.target.verb not in call.kind.verbs:
        raise not_allowed()
    matches = selectors.matcher(
        call.kind.plural, call.query.get("labelSelector", ""), call.query.get("fieldSelector", "")
    )
    records = call.cluster.store.of(call.kind.plural).page(namespace=call.namespace)
    wanted = [record for record in records if call.target.name in ("", record.name)]
    found = [record for record in wanted if matches is None or matches(record)]
    measured = _nodes(call, found) if call.kind.plural == "nodes" else _pods(call, found)
    if not call.target.name:
        return await answer(call.request, many(call.kind, measured, {}, Form.WHOLE), accept=call.accept)
    if not measured:
        raise _not_measured(call)
    return await answer(call.request, whole(call.kind, measured[0]), accept=call.accept)


def _not_measured(call: Call) -> Refusal:
    """As metrics-server says it: of a resource called after its kind, and a name with its namespace."""
    resource = call.kind.kind.lower()
    name = f"{call.namespace}/{call.target.name}".lstrip("/")
    message = f'{resource}.{GROUP} "{name}" not found'
    return Refusal(404, "NotFound", message, name=name, group=GROUP, kind=resource)


def _used(call: Call, pod: dict[str, Any]) -> dict[str, Usage]:
    cluster = call.cluster
    return usage.of_pod(pod, cluster.clock.day(), cluster.life.load.get(pod["metadata"]["uid"], 1.0))


def _pods(call: Call, found: list[Record]) -> list[Record]:
    measured = []
    for record in found:
        containers = [{"name": name, "usage": _told(used)} for name, used in _used(call, record.load()).items()]
        if containers:
            measured.append(_measured(record, {"containers": containers}))
    return measured


def _nodes(call: Call, found: list[Record]) -> list[Record]:
    placed: dict[str, list[dict[str, Usage]]] = {record.name: [] for record in found}
    for record in call.cluster.store.of("pods").page():
        pod = record.load()
        if pod["spec"].get("nodeName") in placed:
            placed[pod["spec"]["nodeName"]].append(_used(call, pod))
    day = call.cluster.clock.day()
    nodes = [(record, record.load()) for record in found]
    return [
        _measured(record, {"usage": _told(usage.of_node(node, placed[record.name], day))})
        for record, node in nodes
        if node.get("status", {}).get("capacity")  # others have never reported
    ]


def _told(used: Usage) -> dict[str, str]:
    return {"cpu": f"{int(used.cpu * 1e9)}n", "memory": f"{int(used.memory / 1024)}Ki"}


def _measured(record: Record, told: dict[str, Any]) -> Record:
    now = time.time()
    meta = {"name": record.name, "namespace": record.namespace, "creationTimestamp": written(now)}
    meta = {key: value for key, value in meta.items() if value}
    window = f"{usage.WINDOW}.{zlib.crc32(record.uid.encode()) % 900 + 100}s"
    body = {"metadata": meta | {"labels": record.labels}, "timestamp": written(now - now % usage.WINDOW)}
    return msgspec.structs.replace(record, made=msgspec.json.encode(body | {"window": window} | told))
