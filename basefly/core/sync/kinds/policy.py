"""Policy: horizontal pod autoscalers and disruption budgets."""

from __future__ import annotations

import msgspec

from basefly.core.sync.kind import Column, Kind, Meta, Projection
from basefly.core.sync.kinds.workloads import Condition


class Target(msgspec.Struct, frozen=True, gc=False):
    kind: str = ""
    name: str = ""


class AutoscalerSpec(msgspec.Struct, rename="camel", frozen=True, gc=False):
    scale_target_ref: Target = Target()
    min_replicas: int | None = None
    max_replicas: int = 0


class AutoscalerStatus(msgspec.Struct, rename="camel", frozen=True, gc=False):
    current_replicas: int | None = None
    desired_replicas: int = 0
    last_scale_time: str | None = None
    conditions: list[Condition] | None = None


class Autoscaler(msgspec.Struct, frozen=True, gc=False):
    metadata: Meta
    spec: AutoscalerSpec = AutoscalerSpec()
    status: AutoscalerStatus = AutoscalerStatus()


def project_autoscaler(autoscaler: Autoscaler) -> Projection:
    spec, status = autoscaler.spec, autoscaler.status
    held = {c.type: c.status for c in status.conditions or ()}
    cells = {
        "target": f"{spec.scale_target_ref.kind}/{spec.scale_target_ref.name}",
        "min": 1 if spec.min_replicas is None else spec.min_replicas,
        "max": spec.max_replicas,
        "current": status.current_replicas or 0,
        "desired": status.desired_replicas,
        "scaled": status.last_scale_time or "",
    }
    if held.get("AbleToScale") == "False" or held.get("ScalingActive") == "False":
        return Projection("Unable", "warn", cells)
    if held.get("ScalingLimited") == "True":
        return Projection("Limited", "warn", cells)
    return Projection("Active", "ok", cells)


AUTOSCALERS = Kind(
    resource="horizontalpodautoscalers.autoscaling",
    kind="HorizontalPodAutoscaler",
    short=("hpa",),
    group="workloads",
    columns=(
        Column("target", "Target"),
        Column("min", "Min", "number"),
        Column("max", "Max", "number"),
        Column("current", "Current", "number"),
        Column("desired", "Desired", "number"),
        Column("scaled", "Last scaled", "time", wide=True),
    ),
    shape=Autoscaler,
    project=project_autoscaler,
)


class BudgetSpec(msgspec.Struct, rename="camel", frozen=True, gc=False):
    min_available: int | str | None = None
    max_unavailable: int | str | None = None


class BudgetStatus(msgspec.Struct, rename="camel", frozen=True, gc=False):
    disruptions_allowed: int = 0
    current_healthy: int = 0
    desired_healthy: int = 0
    expected_pods: int = 0


class DisruptionBudget(msgspec.Struct, frozen=True, gc=False):
    metadata: Meta
    spec: BudgetSpec = BudgetSpec()
    status: BudgetStatus = BudgetStatus()


def project_budget(budget: DisruptionBudget) -> Projection:
    spec, status = budget.spec, budget.status
    cells = {
        "min": "" if spec.min_available is None else str(spec.min_available),
        "max": "" if spec.max_unavailable is None else str(spec.max_unavailable),
        "allowed": status.disruptions_allowed,
        "healthy": f"{status.current_healthy}/{status.desired_healthy}",
    }
    if status.expected_pods == 0:
        return Projection("Empty", "idle", cells)
    if status.current_healthy < status.desired_healthy:
        return Projection("Violated", "bad", cells)
    return Projection("Blocking", "warn", cells) if status.disruptions_allowed == 0 else Projection("Ok", "ok", cells)


DISRUPTION_BUDGETS = Kind(
    resource="poddisruptionbudgets.policy",
    kind="PodDisruptionBudget",
    short=("pdb",),
    group="workloads",
    columns=(
        Column("min", "Min available"),
        Column("max", "Max unavailable"),
        Column("allowed", "Allowed disruptions", "number"),
        Column("healthy", "Healthy"),
    ),
    shape=DisruptionBudget,
    project=project_budget,
)
