"""Disruption budgets: which pods each covers, and whether it lets another one go. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from basefly.base.kube.selectors import Operator, Requirement, holds
from basefly.core.drains.model import Pod

_OPERATORS: Mapping[str, Operator] = {"In": "in", "NotIn": "notin", "Exists": "exists", "DoesNotExist": "absent"}


class Budget(msgspec.Struct, frozen=True, kw_only=True):
    """A PodDisruptionBudget. `fresh`: its figures are of the budget as it now is."""

    namespace: str
    name: str
    requirements: tuple[Requirement, ...] | None  # None covers nothing
    wants: str  # "minAvailable 2"
    healthy: int
    desired: int
    allowed: int
    fresh: bool

    def covers(self, pod: Pod) -> bool:
        """Whether it holds a hand over this pod."""
        return (
            self.requirements is not None and pod.namespace == self.namespace and holds(self.requirements, pod.labels)
        )

    @property
    def closed(self) -> bool:
        """Whether it is sure to let nobody go."""
        return self.fresh and self.allowed <= 0

    @property
    def facts(self) -> dict[str, Any]:
        """What is kept of it beside a pod that it holds back."""
        figures = {"healthy": self.healthy, "desired": self.desired, "allowed": self.allowed} if self.fresh else {}
        return {"budget": self.name, "wants": self.wants, **figures}


def budget(obj: Mapping[str, Any]) -> Budget:
    """A budget as the API server gives it."""
    meta, spec, status = obj["metadata"], obj.get("spec") or {}, obj.get("status") or {}
    wants = next((name for name in ("minAvailable", "maxUnavailable") if spec.get(name) is not None), "")
    return Budget(
        namespace=meta["namespace"],
        name=meta["name"],
        requirements=_requirements(spec.get("selector")),
        wants=f"{wants} {spec[wants]}" if wants else "",
        healthy=status.get("currentHealthy", 0),
        desired=status.get("desiredHealthy", 0),
        allowed=status.get("disruptionsAllowed", 0),
        fresh=status.get("observedGeneration", 0) >= meta.get("generation", 1),
    )


def covering(pod: Pod, budgets: Iterable[Budget]) -> Sequence[Budget]:
    """The budgets over a pod; an API server evicts none that has more than one."""
    return [each for each in budgets if each.covers(pod)]


def _requirements(selector: Mapping[str, Any] | None) -> tuple[Requirement, ...] | None:
    """A LabelSelector of policy/v1: an empty one selects every pod of the namespace, none at all selects no pod."""
    if selector is None:
        return None
    labels = selector.get("matchLabels") or {}
    expressions = selector.get("matchExpressions") or ()
    return (
        *(Requirement(key, "in", (value,)) for key, value in labels.items()),
        *(Requirement(e["key"], _OPERATORS[e["operator"]], tuple(e.get("values") or ())) for e in expressions),
    )
