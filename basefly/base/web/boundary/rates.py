"""Quotas at the door: a request uses up its network's, then its person's and their organization's."""

from __future__ import annotations

from collections.abc import Iterable
from typing import cast

from litestar.handlers import BaseRouteHandler
from litestar.types import Scope

from basefly.base.limits import Class, Decision, Limiter, network
from basefly.base.principal import Principal
from basefly.base.telemetry import trace
from basefly.base.web.requests import Request
from basefly.base.web.routing import PUBLIC

_KEPT = "rates"  # under this name the request's state holds the decisions that its answer tells of


def class_of(handler: BaseRouteHandler, *, unsafe: bool) -> Class | None:
    """Whose quota a request to this route uses up; None for what is free."""
    given = handler.opt.get("limit", "")
    if given:
        return None if given == "none" else cast("Class", given)
    if unsafe:
        return "sign-in" if handler.opt.get("permission") == PUBLIC else "write"
    return "read"


async def admit_network(request: Request, class_: Class | None) -> None:
    """One more from this network, known or not; raises Exceeded."""
    if class_ is None:
        return
    here = trace.current()
    decision = await request.house.get(Limiter).network(class_, network(here.address if here else ""))
    _keep(request, decision)
    decision.require()


async def admit_principal(request: Request, class_: Class | None, by: Principal) -> None:
    """One more of this person; raises Exceeded."""
    if class_ is None:
        return
    decision = await request.house.get(Limiter).principal(class_, by.user_id, by.org_id)
    _keep(request, decision)
    decision.require()


def headers(scope: Scope) -> Iterable[tuple[bytes, bytes]]:
    """RateLimit-Policy and RateLimit of the answer, when quotas were asked."""
    kept: list[Decision] = scope.get("state", {}).get(_KEPT, [])
    if kept:
        yield b"ratelimit-policy", ", ".join(each.policy for each in kept).encode()
        yield b"ratelimit", ", ".join(each.standing for each in kept).encode()


def _keep(request: Request, decision: Decision) -> None:
    request.state[_KEPT] = [*request.state.get(_KEPT, []), decision]
