"""Drains from the command line, done to simulated clusters through the hub."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import partial
from uuid import uuid4

import pytest

from tests.cli.shell import Shell
from tests.cli.world import World
from tests.sim.rest.parts.pods import plant

pytestmark = pytest.mark.usefixtures("let_in")
NOWHERE = "00000000-0000-4000-8000-000000000000"


@pytest.fixture
def spare(world: World) -> Iterator[str]:
    """A node of sim-1 that only this test knows, with pods that nobody misses."""
    name = f"spare-{uuid4().hex[:6]}"
    api = world.call(lambda: world.cluster("sim-1").api)
    world.call(lambda: api.create({"apiVersion": "v1", "kind": "Node", "metadata": {"name": name}}))
    for pod in (f"{name}-a", f"{name}-b"):
        world.call(partial(plant, world.cluster("sim-1"), pod, node=name, labels={}))
    yield name
    world.call(lambda: api.delete("nodes", name))


class TestDrain:
    def test_what_would_happen(self, mia: Shell, world: World) -> None:
        name = world.call(lambda: world.cluster("sim-1").api.list("nodes")[0]["metadata"]["name"])
        told = mia.done("drain", name, "-c", "sim-1", "--dry-run").out
        assert told.splitlines()[0].split() == ["POD", "WHAT", "WHY"]
        assert "DaemonSet" in told
        assert not world.call(lambda: world.cluster("sim-1").api.get("nodes", name)["spec"].get("unschedulable"))

    def test_order_follow_and_list(self, mia: Shell, spare: str) -> None:
        refused = mia("drain", spare, "-c", "sim-1")
        assert refused.code == 1
        assert "--force" in refused.err
        ran = mia.done("drain", spare, "-c", "sim-1", "--force")
        assert f"{spare}: done." in ran.err
        assert f"gone     default/{spare}-a" in ran.out
        listed = json.loads(mia.done("drains", "-c", "sim-1", "-o", "json").out)["items"]
        assert listed[0]["nodes"] == [spare]
        assert listed[0]["id"] in mia.done("drains").out
        assert f"{spare}: done." in mia.done("drains", "--follow", listed[0]["id"]).err
        assert mia("cancel-drain", listed[0]["id"]).code == 1
        assert mia("resume-drain", listed[0]["id"]).code == 1

    def test_cancel_and_resume(self, mia: Shell, world: World, spare: str) -> None:
        budget = {"apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": {"name": spare}}
        spec = {"spec": {"selector": {}, "minAvailable": 10_000}}
        world.call(lambda: world.cluster("sim-1").api.create(budget | spec))
        drain = mia.done("drain", spare, "-c", "sim-1", "--force", "--timeout", "10", "--no-wait").out.strip()
        ran = mia("drains", "--follow", drain)
        assert ran.code == 1
        assert "The drain is blocked. Not all of its pods left" in ran.err
        assert f"default/{spare}-a: The budget {spare}" in ran.err
        world.call(lambda: world.cluster("sim-1").api.delete("poddisruptionbudgets.policy", spare, "default"))
        assert f"{spare}: done." in mia.done("resume-drain", drain).err

    def test_what_is_not_there(self, mia: Shell) -> None:
        assert mia("drains", "--follow", NOWHERE).code == 5
        assert mia("drain", "no-such-node", "-c", "sim-1").code == 1
        ran = mia("drain", "node-1")
        assert ran.code == 2
        assert "--cluster" in ran.err
