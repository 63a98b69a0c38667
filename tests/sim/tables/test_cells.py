"""Cells in the words of kubectl."""

from __future__ import annotations

from typing import Any

import pytest

from basefly.sim.tables import cells, workloads


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (0, "0s"),
        (119, "119s"),
        (120, "2m"),
        (125, "2m5s"),
        (600, "10m"),
        (3 * 3600, "3h"),
        (3 * 3600 + 60, "3h1m"),
        (9 * 3600, "9h"),
        (47 * 3600, "47h"),
        (49 * 3600, "2d1h"),
        (9 * 86400, "9d"),
        (3 * 365 * 86400 + 86400, "3y1d"),
        (9 * 365 * 86400, "9y"),
    ],
)
def test_durations(seconds: int, shown: str) -> None:
    assert cells.duration(seconds) == shown


def pod(**status: Any) -> dict[str, Any]:
    meta = {"name": "p", "creationTimestamp": "2020-01-01T00:00:00Z"}
    return {"metadata": meta, "spec": {"containers": [{"name": "c"}]}, "status": {"phase": "Running", **status}}


def container(**state: Any) -> dict[str, Any]:
    return {"name": "c", "ready": False, "restartCount": 3, "state": state}


@pytest.mark.parametrize(
    ("status", "shown"),
    [
        ({"phase": "Pending"}, "Pending"),
        ({"reason": "Evicted", "phase": "Failed"}, "Evicted"),
        ({"containerStatuses": [container(waiting={"reason": "CrashLoopBackOff"})]}, "CrashLoopBackOff"),
        ({"containerStatuses": [container(terminated={"exitCode": 3})]}, "ExitCode:3"),
        ({"containerStatuses": [container(terminated={"exitCode": 0, "signal": 9})]}, "Signal:9"),
    ],
)
def test_the_status_of_a_pod(status: dict[str, Any], shown: str) -> None:
    assert workloads.pod(pod(**status))[2] == shown


def test_a_pod_under_deletion_is_terminating() -> None:
    held = pod()
    held["metadata"]["deletionTimestamp"] = "2020-01-01T00:00:00Z"
    assert workloads.pod(held)[2] == "Terminating"


def test_an_init_container_that_waits_shows_first() -> None:
    held = pod(initContainerStatuses=[container(waiting={"reason": "PodInitializing"})])
    held["spec"]["initContainers"] = [{"name": "c"}]
    assert workloads.pod(held)[2] == "Init:0/1"


def test_long_lists_are_cut_and_counted() -> None:
    assert cells.joined(["a", "b", "c", "d"], 3) == "a,b,c + 1 more..."
    assert cells.joined([]) == "<none>"
