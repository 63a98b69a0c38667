"""The life of an object and what changed lately, from the command line."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from basefly.cli.exits import Failure
from basefly.cli.history.moments import moment
from tests.cli.conftest import eventually
from tests.cli.shell import Shell
from tests.cli.world import World

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)


def test_a_change_has_a_line_a_difference_and_a_past(mia: Shell, world: World) -> None:
    api = world.cluster("sim-1").api
    meta = world.call(lambda: api.list("deployments.apps")[0]["metadata"])
    where = (f"deploy/{meta['name']}", "-n", meta["namespace"], "-c", "sim-1")
    eventually(lambda: mia("history", *where).out.count("\n") > 1)
    world.call(
        lambda: api.change(
            "deployments.apps",
            meta["name"],
            meta["namespace"],
            by=lambda it: it["metadata"]["labels"].update(old="new"),
        )
    )
    eventually(lambda: "metadata.labels.old +new" in mia.done("history", *where).out)
    newest = json.loads(mia.done("history", *where, "-o", "json").out)["items"][0]
    assert "+    old: new" in mia.done("history", *where, "--diff", str(newest["version"])).out
    assert "old: new" in mia.done("history", *where, "--at", "0s").out
    lines = mia.done("changes", "--since", "1h", "-c", "sim-1", "-n", meta["namespace"], "--kind", "deploy").out
    assert f"deployment.apps/{meta['name']}" in lines


def test_what_is_no_object_and_no_moment_is_told(mia: Shell) -> None:
    assert mia("history", "deploy").code == 2
    assert mia("changes", "--since", "yesterday").code == 2
    assert mia("history", "deploy/no-such-one").code == 5


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("2h", "2026-01-31T10:00:00+00:00"),
        ("7d", "2026-01-24T12:00:00+00:00"),
        ("1234", "1234"),
        ("2026-01-01T00:00:00Z", "2026-01-01T00:00:00+00:00"),
    ],
)
def test_moments(text: str, meant: str) -> None:
    assert moment(text, NOW) == meant


def test_no_moment() -> None:
    with pytest.raises(Failure):
        moment("soon", NOW)
