"""Labels, cron jobs run now and revisions from the command line, on simulated clusters through the hub."""

from __future__ import annotations

from typing import Any

import pytest

from tests.cli.shell import Shell
from tests.cli.world import World
from tests.core.gateway.test_verbs import CRON_JOB

pytestmark = pytest.mark.usefixtures("let_in")


@pytest.fixture
def web(world: World) -> dict[str, Any]:
    """A deployment that was something else before."""

    def differing() -> dict[str, Any]:
        api = world.cluster("sim-1").api
        found = api.list("deployments.apps")[0]
        for held in api.list("replicasets.apps", found["metadata"]["namespace"]):
            meta = held["metadata"]
            owned = meta["ownerReferences"][0]["uid"] == found["metadata"]["uid"]
            if owned and meta["annotations"]["deployment.kubernetes.io/revision"] == "1":
                held["spec"]["template"]["spec"]["containers"][0]["image"] = "before:1"
                api.replace(held)
        return found

    return world.call(differing)


def reference(web: dict[str, Any]) -> str:
    return f"sim-1:{web['metadata']['namespace']}/deploy/{web['metadata']['name']}"


def present(world: World, web: dict[str, Any]) -> dict[str, Any]:
    meta = web["metadata"]
    return world.call(lambda: world.cluster("sim-1").api.get("deployments.apps", meta["name"], meta["namespace"]))


class TestMarks:
    def test_set_and_removed(self, mia: Shell, world: World, web: dict[str, Any]) -> None:
        mia.done("label", reference(web), "env=test", "gone=soon")
        mia.done("label", reference(web), "env=prod", "gone-")
        mia.done("annotate", reference(web), "example.com/why=because it is")
        meta = present(world, web)["metadata"]
        assert (meta["labels"]["env"], "gone" in meta["labels"]) == ("prod", False)
        assert meta["annotations"]["example.com/why"] == "because it is"

    def test_what_makes_no_sense(self, mia: Shell, web: dict[str, Any]) -> None:
        assert mia("label", reference(web)).code == 2
        assert mia("label", "env=prod").code == 2
        ran = mia("label", reference(web), "a b=c")
        assert ran.code == 1
        assert "no key of labels" in ran.out


class TestRevisions:
    def test_show_what_it_was_and_lead_back(self, mia: Shell, world: World, web: dict[str, Any]) -> None:
        shown = mia.done("revisions", reference(web))
        assert "present" in shown.out
        assert "image: before:1" in shown.err
        refused = mia("rollback", reference(web))
        assert refused.code == 2
        assert "image: before:1" in refused.err
        assert mia.done("rollback", reference(web), "--yes").out.startswith("done")
        assert present(world, web)["spec"]["template"]["spec"]["containers"][0]["image"] == "before:1"

    def test_one_that_is_not_there(self, mia: Shell, web: dict[str, Any]) -> None:
        ran = mia("rollback", reference(web), "--to-revision", "77", "--yes")
        assert ran.code == 5
        assert "no revision 77" in ran.err


class TestTrigger:
    def test_names_the_job(self, mia: Shell, world: World) -> None:
        world.call(lambda: world.cluster("sim-1").api.create(CRON_JOB))
        ran = mia.done("trigger", "cronjob/nightly", "-c", "sim-1")
        assert "made nightly-manual-" in ran.out
