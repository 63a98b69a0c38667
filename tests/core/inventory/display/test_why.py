"""Why a pod does not run, as a person would say it."""

from typing import Any

import pytest

from basefly.core.inventory.display.why import why


def pod(state: dict[str, Any] | None = None, last: dict[str, Any] | None = None, **status: Any) -> dict[str, Any]:
    """A pod with one container of a limit, which was started again three times."""
    one = {"name": "app", "restartCount": 3, "state": state or {}, "lastState": last or {}}
    spec = {"containers": [{"name": "app", "image": "web:1", "resources": {"limits": {"memory": "512Mi"}}}]}
    return {"spec": spec, "status": {"phase": "Running", "containerStatuses": [one], **status}}


LOOP = {"waiting": {"reason": "CrashLoopBackOff"}}
UNSCHEDULED = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "0/3 nodes: too small"}


@pytest.mark.parametrize(
    ("whole", "said"),
    [
        (pod(LOOP, {"terminated": {"reason": "OOMKilled", "exitCode": 137}}), "out of memory (its limit is 512Mi)"),
        (pod(LOOP, {"terminated": {"reason": "Error", "exitCode": 127}}), "exit code 127: the command was not found"),
        (pod(LOOP, {"terminated": {"reason": "Error", "exitCode": 1}}), "restarted 3 times"),
        (pod({"waiting": {"reason": "ImagePullBackOff", "message": "not found"}}), "The image web:1 of container app"),
        (pod({"waiting": {"reason": "CreateContainerConfigError", "message": "no secret"}}), "cannot start: no secret"),
        (pod(phase="Pending", containerStatuses=[], conditions=[UNSCHEDULED]), "No node accepts it: 0/3 nodes"),
        (pod(phase="Failed", reason="Evicted", message="disk"), "evicted from its node. disk"),
        (pod({"running": {}}), "readiness probe"),
    ],
)
def test_what_is_wrong_is_said(whole: dict[str, Any], said: str) -> None:
    assert said in " ".join(why(whole))


def test_nothing_is_said_of_what_is_well() -> None:
    whole = pod({"running": {}})
    whole["status"]["containerStatuses"][0]["ready"] = True
    assert why(whole) == []
    assert why(pod({"waiting": {"reason": "ContainerCreating"}}, phase="Pending")) == []
