"""serviceaccounts/token: a TokenRequest is answered with a token that ends."""

from __future__ import annotations

import time
from typing import Any

from aiohttp import web

from basefly.sim.access.accounts import AUDIENCE
from basefly.sim.bodies.objects import read_object
from basefly.sim.clock import now, written
from basefly.sim.rest import writes
from basefly.sim.status import Cause, bad_request, invalid, not_found
from basefly.sim.store.record import Record, field
from basefly.sim.wire.call import Call
from basefly.sim.wire.negotiate import answer_value

Object = dict[str, Any]
_USUAL, _LEAST, _MOST = 3600, 600, 1 << 32
_GROUP = "authentication.k8s.io"


async def answer_token(call: Call) -> web.Response:
    """Answer with the request and its token."""
    asked = await read_object(call)
    account = writes.held(call)
    spec = asked.get("spec") or {}
    seconds = spec.get("expirationSeconds") or _USUAL
    _check(seconds)
    audiences = spec.get("audiences") or [AUDIENCE]
    bound = _bound(call, account, spec.get("boundObjectRef"))
    token = call.cluster.accounts.issue(account, audiences=audiences, seconds=seconds, bound=bound)
    meta = {"name": account.name, "namespace": account.namespace, "uid": account.uid, "creationTimestamp": now()}
    ends = written(time.time() + seconds)
    told: Object = {"kind": "TokenRequest", "apiVersion": f"{_GROUP}/v1", "metadata": meta}
    told["spec"] = {"audiences": audiences, "expirationSeconds": seconds, "boundObjectRef": spec.get("boundObjectRef")}
    told["status"] = {"token": token, "expirationTimestamp": ends}
    return await answer_value(call.request, told, status=201)


def _check(seconds: int) -> None:
    wrong = ""
    if seconds < _LEAST:
        wrong = "may not specify a duration less than 10 minutes"
    elif seconds > _MOST:
        wrong = "may not specify a duration larger than 2^32 seconds"
    if wrong:
        cause = Cause("FieldValueInvalid", f"Invalid value: {seconds}: {wrong}", "spec.expirationSeconds")
        raise invalid("TokenRequest", "", [cause], group=_GROUP)


def _bound(call: Call, account: Record, ref: Object | None) -> dict[str, Record]:
    """The object that the token is to die with: a pod that runs as the account, a secret, or a node."""
    if not ref:
        return {}
    if ref.get("kind") not in ("Pod", "Secret", "Node"):
        version = ref.get("apiVersion", "")
        title = version if "/" in version else f"/{version}"
        raise bad_request(f"cannot bind token to object of type {title}, Kind={ref.get('kind')}")
    kind = call.cluster.catalog.of({"apiVersion": "v1", "kind": ref["kind"]})
    held = call.cluster.store.get(kind.name, account.namespace if kind.namespaced else "", ref.get("name", ""))
    if held is None:
        raise not_found(kind, ref.get("name", ""))
    if kind.name == "pods" and field(held.load(), "spec.serviceAccountName") != account.name:
        told = (
            f'cannot bind token for serviceaccount "{account.name}" to pod running with different serviceaccount name.'
        )
        raise bad_request(told)
    return {kind.singular: held}
