"""What came of asking a cluster to evict a pod, and when to ask again. Pure."""

from __future__ import annotations

from basefly.base.kube import errors as kube
from basefly.core.drains.budgets import Budget
from basefly.core.drains.model import DrainPod
from basefly.core.drains.store import Change

RETRIED: frozenset[str] = frozenset({"waiting", "evicting", "blocked"})
FIRST, LAST = 2.0, 30.0  # s until the second try, doubling
LOOK = 5.0  # s between looks at a budget that holds a pod back

_TWO_BUDGETS = "more than one PodDisruptionBudget"
_ENDING = "because it is being terminated"  # of a namespace: its controller deletes the pod


def came_of(row: DrainPod, error: kube.ConnectError | kube.ApiError) -> Change:
    """What a refusal, or no answer at all, means for a pod.

    After no answer it may have been evicted or not: it stays `evicting`, and the next look at the node tells.
    """
    wait = min(FIRST * 2.0 ** max(row.tries - 1, 0), LAST)
    match error:
        case kube.ConnectError() | kube.ServerError() if _TWO_BUDGETS not in error.detail:
            return Change(uid=row.uid, state="evicting", reason="busy", wait=wait)
        case kube.ServerError():
            return Change(uid=row.uid, state="blocked", reason="budgets", wait=LAST)
        case kube.NotFound():
            return Change(uid=row.uid, state="gone")
        case kube.Conflict():  # another pod has the name by now, or the object moved: the next look tells
            return Change(uid=row.uid, state="waiting", reason="moved", wait=wait)
        case kube.TooManyRequests() if "DisruptionBudget" in error.causes:
            return Change(uid=row.uid, state="blocked", reason="budget", wait=LOOK)
        case kube.TooManyRequests():
            return Change(uid=row.uid, state="waiting", reason="busy", wait=max(wait, error.retry_after))
        case kube.Forbidden() if _ENDING in error.message:
            return Change(uid=row.uid, state="waiting", reason="busy", wait=wait)
    message = error.message if isinstance(error, kube.ApiError) else error.detail
    return Change(uid=row.uid, state="failed", reason="refused", facts={"message": message[:500]})


def held_back(row: DrainPod, budget: Budget) -> Change:
    """A pod that a budget holds back, with its figures."""
    return Change(uid=row.uid, state="blocked", reason="budget", facts=budget.facts, wait=LOOK)
