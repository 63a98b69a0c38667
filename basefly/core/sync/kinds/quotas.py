"""Quotas: how much a namespace may take, how much of it is taken, and what one object may ask for."""

from __future__ import annotations

import msgspec

from basefly.base.kube import quantity
from basefly.core.sync.kind import Column, Health, Kind, Meta, Projection, terminating

NEARLY = 0.9  # from this share on a quota will soon be in the way

Amounts = dict[str, str | int | float]


class QuotaStatus(msgspec.Struct, frozen=True, gc=False):
    hard: Amounts | None = None
    used: Amounts | None = None


class QuotaSpec(msgspec.Struct, frozen=True, gc=False):
    hard: Amounts | None = None


class ResourceQuota(msgspec.Struct, frozen=True, gc=False):
    metadata: Meta
    spec: QuotaSpec = QuotaSpec()
    status: QuotaStatus = QuotaStatus()


class Meter(msgspec.Struct, frozen=True):
    """One bound of a quota, as written; `share` is used/hard, 0 where nothing is allowed and nothing is used."""

    name: str
    used: str
    hard: str
    share: float


def project_quota(quota: ResourceQuota) -> Projection:
    used = quota.status.used or {}
    hard = quota.status.hard or quota.spec.hard or {}
    meters = [_meter(name, str(used.get(name, 0)), str(bound)) for name, bound in sorted(hard.items())]
    worst = max((meter.share for meter in meters), default=0.0)
    full: tuple[str, Health] = ("Full", "warn") if worst >= 1 else ("NearlyFull", "warn")
    status, health = terminating(quota.metadata, *(full if worst >= NEARLY else ("Active", "ok")))
    cells = {
        "used": [f"{meter.name} {meter.used}/{meter.hard}" for meter in meters],
        "share": round(100 * worst, 1),
        "meters": meters,
    }
    return Projection(status, health, cells)


def _meter(name: str, used: str, hard: str) -> Meter:
    taken, bound = quantity.number(used), quantity.number(hard)
    share = taken / bound if bound else float(taken > 0)
    return Meter(name, used, hard, round(share, 4))


RESOURCE_QUOTAS = Kind(
    resource="resourcequotas",
    kind="ResourceQuota",
    short=("quota",),
    group="config",
    columns=(Column("used", "Used of allowed", "list"), Column("share", "Fullest, %", "number")),
    shape=ResourceQuota,
    project=project_quota,
)


class Limit(msgspec.Struct, rename="camel", frozen=True, gc=False):
    type: str = ""
    min: Amounts | None = None
    max: Amounts | None = None
    default: Amounts | None = None
    default_request: Amounts | None = None


class LimitSpec(msgspec.Struct, frozen=True, gc=False):
    limits: list[Limit] = []


class LimitRange(msgspec.Struct, frozen=True, gc=False):
    metadata: Meta
    spec: LimitSpec = LimitSpec()


def project_limit_range(range_: LimitRange) -> Projection:
    status, health = terminating(range_.metadata, "Active", "ok")
    return Projection(status, health, {"limits": [text for limit in range_.spec.limits for text in _texts(limit)]})


def _texts(limit: Limit) -> list[str]:
    bounds = (("min", limit.min), ("max", limit.max), ("default", limit.default), ("request", limit.default_request))
    return [
        f"{limit.type} {word} {name} {amount}" for word, amounts in bounds for name, amount in (amounts or {}).items()
    ]


LIMIT_RANGES = Kind(
    resource="limitranges",
    kind="LimitRange",
    short=("limits",),
    group="config",
    columns=(Column("limits", "Limits", "list"),),
    shape=LimitRange,
    project=project_limit_range,
)
