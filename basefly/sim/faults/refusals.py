"""The faults that refuse a request, in the words of a real API server."""

from __future__ import annotations

from collections.abc import Callable

from basefly.sim.faults.effects import Effect, Fault
from basefly.sim.requests import Target
from basefly.sim.status import Refusal, expired, too_many, unauthorized

_WRITES = ("create", "update", "patch", "delete", "deletecollection")


def is_write(target: Target) -> bool:
    """Whether a conflict is possible: a review is created, but nothing is written."""
    return target.verb in _WRITES and not target.resource.endswith("reviews")


def conflict(target: Target) -> Refusal:
    title = f"{target.resource}.{target.group}" if target.group else target.resource
    why = "the object has been modified; please apply your changes to the latest version and try again"
    message = f'Operation cannot be fulfilled on {title} "{target.name}": {why}'
    return Refusal(409, "Conflict", message, name=target.name or None, group=target.group or None, kind=target.resource)


def gone() -> Refusal:
    return expired("The provided resource version is no longer available.")


def _error(fault: Fault, _target: Target) -> Refusal:
    reason = "ServiceUnavailable" if fault.code == 503 else "InternalError"
    return Refusal(fault.code, reason, "Internal error occurred: a fault was injected")


def _forbidden(_fault: Fault, target: Target) -> Refusal:
    where = f'in the namespace "{target.namespace}"' if target.namespace else "at the cluster scope"
    message = f'{target.resource} is forbidden: User cannot {target.verb} resource "{target.resource}" {where}'
    return Refusal(403, "Forbidden", message, group=target.group or None, kind=target.resource)


REFUSALS: dict[Effect, Callable[[Fault, Target], Refusal]] = {
    Effect.UNAUTHORIZED: lambda *_: unauthorized(),
    Effect.FORBIDDEN: _forbidden,
    Effect.GONE_AT_ONCE: lambda *_: gone(),
    Effect.TOO_MANY: lambda fault, _: too_many(int(fault.seconds)),
    Effect.ERROR: _error,
}
"""Those that refuse whatever they meet."""
