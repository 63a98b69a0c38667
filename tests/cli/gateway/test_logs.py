"""Logs from the command line: of an object, and of the pods with some labels."""

from __future__ import annotations

import pytest

from tests.cli.shell import Shell
from tests.cli.world import World


@pytest.mark.usefixtures("let_in")
def test_of_pods_with_labels_in_the_order_of_time(mia: Shell, world: World) -> None:
    pods = world.call(lambda: world.cluster("sim-1").api.list("pods"))
    pod = next(each for each in pods if each["status"].get("phase") == "Running" and each["metadata"].get("labels"))
    key, value = next(iter(pod["metadata"]["labels"].items()))
    where = ("-n", pod["metadata"]["namespace"], "-c", "sim-1")
    lines = mia.done("logs", "-l", f"{key}={value}", *where, "--tail", "3", "--timestamps").out.splitlines()
    moments = [line.partition(" ")[0].rstrip("Z") for line in lines]
    assert moments == sorted(moments)
    assert lines
    assert mia.done("logs", f"pod/{pod['metadata']['name']}", *where, "--tail", "1").out


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("-l", "app=web"), "In which clusters?"),
        (("-l", "app=web", "-c", "sim-1", "--all-clusters"), "In which clusters?"),
        (("-l", "app=web", "deploy/web", "-c", "sim-1"), "do not go together"),
        (("-l", "app=web", "-c", "sim-1", "-A", "-n", "shop"), "do not go together"),
        ((), "Whose log?"),
    ],
)
def test_what_is_not_said(mia: Shell, words: tuple[str, ...], why: str) -> None:
    ran = mia("logs", *words)
    assert ran.code == 2
    assert why in ran.err
