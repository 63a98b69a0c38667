"""Which part of an object a path asks for, and who answers."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from aiohttp import web

from basefly.sim.rest import reads, writes
from basefly.sim.rest.parts import binding, eviction, tokens
from basefly.sim.rest.parts.narrow import answer_narrow
from basefly.sim.rest.parts.scale import answer_scale
from basefly.sim.rest.parts.streams import commands, forward, logs
from basefly.sim.status import no_such_path, not_allowed, not_found, not_simulated
from basefly.sim.wire.call import Call

_ANSWERS: dict[str, Callable[[Call], Awaitable[web.StreamResponse]]] = {
    "pods/log": logs.answer_log,
    "pods/exec": commands.answer_exec,
    "pods/attach": commands.answer_attach,
    "pods/portforward": forward.answer_forward,
    "pods/eviction": eviction.answer_eviction,
    "pods/binding": binding.answer_binding,
    "pods/ephemeralcontainers": answer_narrow,
    "pods/resize": answer_narrow,
    "namespaces/finalize": answer_narrow,
    "serviceaccounts/token": tokens.answer_token,
}


async def answer_part(call: Call) -> web.StreamResponse:
    part = call.kind.part(call.target.subresource.partition("/")[0])
    if part is None and call.kind.definition and call.target.name:
        raise not_found(call.kind, call.target.name)
    if part is None or not call.target.name:
        raise no_such_path()
    if call.target.verb not in part.verbs:
        raise not_allowed()
    if part.name == "status":
        return await _status(call)
    if part.name == "scale":
        return await answer_scale(call)
    answer = _ANSWERS.get(f"{call.kind.name}/{part.name}")
    if answer is None:
        writes.held(call)
        raise not_simulated(f"{call.kind.plural}/{part.name}")
    return await answer(call)


async def _status(call: Call) -> web.StreamResponse:
    if call.target.verb == "get":
        return await reads.get(call)
    return await (writes.put if call.target.verb == "update" else writes.patch_part)(call, "status")
