"""Verbs from the command line, done to simulated clusters through the hub."""

from __future__ import annotations

import pytest

from tests.cli.conftest import eventually
from tests.cli.shell import Shell
from tests.cli.world import World

pytestmark = pytest.mark.usefixtures("let_in")


def node(world: World, name: str) -> dict[str, object]:
    spec: dict[str, object] = world.call(lambda: world.cluster("sim-1").api.get("nodes", name)["spec"])
    return spec


class TestVerbs:
    def test_cordon_and_uncordon_a_node(self, mia: Shell, world: World) -> None:
        name = world.call(lambda: world.cluster("sim-1").api.list("nodes")[0]["metadata"]["name"])
        done = mia.done("cordon", name, "-c", "sim-1")
        assert done.out.startswith("done")
        assert node(world, name)["unschedulable"] is True
        mia.done("uncordon", name, "-c", "sim-1")
        eventually(lambda: not node(world, name).get("unschedulable"))

    def test_objects_name_their_cluster_themselves(self, mia: Shell, world: World) -> None:
        name = world.call(lambda: world.cluster("sim-1").api.list("nodes")[1]["metadata"]["name"])
        assert mia.done("cordon", f"sim-1:node/{name}").out.split() == ["done", f"sim-1:node/{name}"]
        mia.done("uncordon", f"sim-1:node/{name}")

    def test_a_kind_alone_is_no_object(self, mia: Shell) -> None:
        ran = mia("restart", "deploy", "-c", "sim-1")
        assert ran.code == 2
        assert "Which deploy" in ran.err

    def test_never_all_clusters_by_itself(self, mia: Shell) -> None:
        ran = mia("restart", "deploy/web")
        assert ran.code == 2
        assert "--cluster" in ran.err

    def test_tell_what_was_not_done(self, mia: Shell) -> None:
        ran = mia("restart", "deploy/no-such-one", "-n", "default", "-c", "sim-1")
        assert ran.code == 1
        assert ran.out.startswith("failed")
        assert "no-such-one" in ran.out

    def test_delete_asks_first(self, mia: Shell) -> None:
        ran = mia("delete", "pod/web", "-c", "sim-1")
        assert ran.code == 2
        assert "--yes" in ran.err


class TestLogs:
    def test_of_a_pod_and_of_a_workload(self, mia: Shell, world: World) -> None:
        pod = next(each for each in world.call(lambda: world.cluster("sim-1").api.list("pods"))
                   if each["status"].get("phase") == "Running")  # fmt: skip
        address = "sim-1:{namespace}/pod/{name}".format(**pod["metadata"])
        container = pod["spec"]["containers"][0]["name"]
        lines = mia.done("logs", address, "--container", container, "--tail", "3").out.splitlines()
        assert 1 <= len(lines) <= 3

    def test_of_one_object_at_a_time(self, mia: Shell) -> None:
        assert mia("logs", "pod/a", "pod/b", "-c", "sim-1").code == 2
        assert mia("logs", "pod/a").code == 2
