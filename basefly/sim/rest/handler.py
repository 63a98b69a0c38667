"""The door of a cluster: every request is recorded, meets its faults, is authenticated, authorised and answered."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from aiohttp import web

from basefly.sim.access.users import User, authenticate
from basefly.sim.discovery import documents
from basefly.sim.faults.wire import pass_on
from basefly.sim.kinds.kind import Kind
from basefly.sim.requests import Request, Target, headers_of
from basefly.sim.rest import paths, reads, watches, writes
from basefly.sim.rest.parts import metrics
from basefly.sim.rest.parts.answer import answer_part
from basefly.sim.status import Refusal, no_such_path, not_allowed
from basefly.sim.wire.call import Call
from basefly.sim.wire.negotiate import accepted, refuse

if TYPE_CHECKING:
    from basefly.sim.cluster import Cluster

_log = logging.getLogger(__name__)
_VERBS: dict[str, Callable[[Call], Awaitable[web.StreamResponse]]] = {
    "get": reads.get,
    "list": reads.listing,
    "watch": watches.watch,
    "create": writes.create,
    "update": writes.update,
    "patch": writes.patch,
    "delete": writes.delete,
    "deletecollection": writes.delete_many,
}


async def handle(cluster: Cluster, request: web.BaseRequest) -> web.StreamResponse:
    """Answer one request. Whatever fails unforeseen is a 500 Status, as in the real server."""
    target = paths.read(request.method, request.path, request.query)
    entry = Request(
        method=request.method,
        path=request.path,
        query=dict(request.query),
        headers=headers_of(request.headers),
        target=target,
    )
    cluster.requests.append(entry)
    cluster.settle()
    try:
        response = await _serve(cluster, request, target, entry)
    except Refusal as refusal:
        response = refuse(refusal, request.headers.get("Accept", ""))
    except ConnectionError:  # cut by a fault or by the asker: nobody is left to answer, and it is no error of ours
        raise asyncio.CancelledError from None
    except Exception as error:  # noqa: BLE001  # the last resort: whoever asks gets a Status
        _log.exception("%s %s failed", request.method, request.path)
        response = refuse(Refusal(500, "InternalError", f"Internal error occurred: {error}"))
    entry.status = response.status
    return response


async def _serve(cluster: Cluster, request: web.BaseRequest, target: Target, entry: Request) -> web.StreamResponse:
    user = _user(cluster, request, target)
    entry.user = user.name
    await cluster.faults.strike(request, target)
    cluster.access.require(user, target)
    if target.resource:
        answer = await _resource(cluster, request, target, user)
    else:
        answer = await documents.answer_path(cluster, request, target.path)
    return await pass_on(cluster.faults, request, target, answer)


def _user(cluster: Cluster, request: web.BaseRequest, target: Target) -> User:
    certificate = request.transport.get_extra_info("peercert") if request.transport else None
    user = authenticate(request.headers, certificate, cluster.user_of, anonymous=cluster.anonymous)
    return cluster.access.impersonate(user, request.headers, target)


async def _resource(cluster: Cluster, request: web.BaseRequest, target: Target, user: User) -> web.StreamResponse:
    kind = cluster.catalog.at(target.group, target.version, target.resource)
    if kind is None:
        if target.group not in cluster.catalog.versions():
            return web.Response(text="404 page not found\n", status=404)
        raise no_such_path()
    _check_path(kind, target)
    call = Call(
        cluster, request, target, kind, user, accepted(request.headers.get("Accept", ""), many=target.verb == "list")
    )
    if target.subresource:
        return await answer_part(call)
    if kind.group == metrics.GROUP:
        return await metrics.answer_metrics(call)
    if target.verb not in kind.verbs:
        raise not_allowed()
    return await _VERBS[target.verb](call)


def _check_path(kind: Kind, target: Target) -> None:
    if not kind.namespaced and target.namespace and kind.plural != "namespaces":
        raise no_such_path()
    wants_name = {"create": False, "update": True, "patch": True}.get(target.verb)
    if wants_name is not None and not target.subresource and bool(target.name) is not wants_name:
        raise not_allowed()
    if kind.namespaced and not target.namespace:
        if target.name:
            raise no_such_path()
        if target.verb in ("create", "deletecollection"):
            raise not_allowed()
