"""Usage: the same for the same moment, by day more than by night, and within limits."""

from __future__ import annotations

import statistics
from typing import Any

import pytest

from basefly.sim import usage

DAY = [hour / 96 for hour in range(96)]


def pod(uid: str = "u-1", owner: str = "o-1", **resources: Any) -> dict[str, Any]:
    return {
        "metadata": {"uid": uid, "ownerReferences": [{"uid": owner}]},
        "spec": {"containers": [{"name": "app", "resources": resources}]},
        "status": {"containerStatuses": [{"name": "app", "state": {"running": {}}}]},
    }


REQUESTS = {"cpu": "500m", "memory": "512Mi"}


def test_one_moment_has_one_answer() -> None:
    held = pod(requests=REQUESTS)
    assert usage.of_pod(held, 0.3) == usage.of_pod(held, 0.3)
    assert usage.of_pod(held, 0.3) != usage.of_pod(pod("u-2", requests=REQUESTS), 0.3)


def test_cpu_follows_the_day_and_memory_is_steadier() -> None:
    used = [usage.of_pod(pod(requests=REQUESTS), day)["app"] for day in DAY]
    cpu, memory = [held.cpu for held in used], [held.memory for held in used]
    assert max(cpu) > 1.5 * min(cpu)
    assert statistics.stdev(memory) / statistics.mean(memory) < statistics.stdev(cpu) / statistics.mean(cpu) / 2
    peaks = [_peak(name) for name in ("a", "b", "c")]
    assert max(peaks) - min(peaks) < 0.3


def _peak(uid: str) -> float:
    """The time of day at which a pod of the same workload uses the most cpu."""
    return max((usage.of_pod(pod(uid, requests=REQUESTS), day)["app"].cpu, day) for day in DAY)[1]


def test_no_limit_is_exceeded() -> None:
    held = pod(requests=REQUESTS, limits=REQUESTS)
    assert all(usage.of_pod(held, day, factor=50)["app"].cpu == 0.5 for day in DAY)
    assert all(usage.of_pod(held, day, factor=50)["app"].memory < 2**29 for day in DAY)


@pytest.mark.parametrize(
    ("text", "number"),
    [("250m", 0.25), ("2", 2), ("1Gi", 2**30), ("16252928Ki", 16252928 * 1024), ("5n", 5e-9), (3, 3)],
)
def test_quantities(text: str | int, number: float) -> None:
    assert usage.quantity(text) == pytest.approx(number)
