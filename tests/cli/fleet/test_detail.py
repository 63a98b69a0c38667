"""`basefly describe`, live and from memory."""

from __future__ import annotations

from tests.cli.conftest import eventually, followed
from tests.cli.shell import Shell
from tests.cli.world import World


def test_all_about_an_object_with_its_owners_and_events(mia: Shell, world: World) -> None:
    owners = {pod["metadata"]["name"]: pod["metadata"].get("ownerReferences", [{}])[0] for pod in world.pods()}
    name, owner = next((name, owner["name"]) for name, owner in owners.items() if owner.get("kind") == "ReplicaSet")
    ran = mia.done("describe", "pod", name)
    assert f"Name:           {name}\n" in ran.out
    assert "Seen:           live\n" in ran.out
    assert f"ReplicaSet/{owner}" in ran.out
    assert f"Pod/{name}" in ran.out
    assert "Conditions:\n  TYPE" in ran.out
    assert "Events:\n  LAST SEEN" in ran.out
    assert "managedFields" not in ran.out


def test_a_name_of_several_clusters_is_told_for_each(mia: Shell) -> None:
    ran = mia.done("describe", "ns/kube-system")
    told = [line.split()[1] for line in ran.out.splitlines() if line.startswith("Cluster:")]
    assert sorted(told) == ["sim-1", "sim-2"]


def test_what_is_nowhere(mia: Shell) -> None:
    ran = mia("describe", "pod", "nowhere")
    assert (ran.code, ran.out) == (5, "")
    assert "There is no pod 'nowhere'" in ran.err


def test_a_kind_alone_is_no_object(mia: Shell) -> None:
    assert mia("describe", "pods").code == 2


def test_a_cluster_that_is_down_is_told_from_memory(mia: Shell, world: World) -> None:
    node = world.call(lambda: world.cluster("sim-2").api.list("nodes")[0])["metadata"]["name"]
    world.wait(world.cluster("sim-2").stop())
    try:
        eventually(lambda: mia("get", "nodes").code == 7)
        listed, told = mia("get", "nodes"), mia("describe", "node", node, "-c", "sim-2")
        whole = mia("get", "node", node, "-c", "sim-2", "-o", "yaml")
    finally:
        world.wait(world.cluster("sim-2").start())
    assert node in listed.out
    assert "warning: sim-2: " in listed.err
    assert "shown as of 20" in listed.err
    assert "sim-1" not in listed.err
    assert told.code == 7
    assert "known as of 20" in told.out
    assert whole.code == 7
    assert "only its outline is known" in whole.err
    followed(mia)
