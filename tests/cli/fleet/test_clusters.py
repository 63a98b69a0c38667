"""The clusters that the hub knows, and what can be done with them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.cli.shell import Shell
from tests.cli.world import World


@pytest.fixture
def spare(mia: Shell, world: World) -> Iterator[str]:
    """A cluster of its own for each test: sim-1 under another name."""
    name = "spare"
    mia.done("clusters", "register", "--context", "sim-1", "--name", name, "--label", "team=a")
    yield name
    for left in mia.done("clusters", "list", "--match", "spare", "-o", "name").out.split():
        mia.done("clusters", "remove", left, "--yes")


class TestList:
    def test_health_place_and_counts(self, mia: Shell, world: World) -> None:
        rows = mia.done("clusters", "list").rows
        assert rows[0] == ["NAME", "HEALTH", "VERSION", "PROVIDER", "REGION", "NODES", "PODS", "AS OF"]
        assert {row[0] for row in rows[1:]} >= {"sim-1", "sim-2"}
        assert all(row[5] == "3" for row in rows[1:] if row[0].startswith("sim"))

    def test_narrowed(self, mia: Shell, spare: str) -> None:
        assert mia.done("clusters", "list", "-l", "team=a", "-o", "name").out == f"{spare}\n"
        assert mia.done("clusters", "list", "--match", "im-2", "-o", "name").out == "sim-2\n"
        nothing = mia.done("clusters", "list", "--health", "unknown", "--match", "sim-2")
        assert (nothing.out, nothing.err) == ("", "No clusters.\n")

    def test_wide_and_json(self, mia: Shell, world: World) -> None:
        assert "SERVER" in mia.done("clusters", "list", "-o", "wide").rows[0]
        items = mia.done("clusters", "list", "-o", "json").json["items"]
        assert world.cluster("sim-1").server in {item["server"] for item in items}


class TestOne:
    def test_all_about_it(self, mia: Shell, world: World) -> None:
        told = mia.done("clusters", "show", "sim-1").out
        assert f"Server:      {world.cluster('sim-1').server}\n" in told
        assert "3 nodes" in told

    def test_by_its_id(self, mia: Shell) -> None:
        cluster = mia.done("clusters", "show", "sim-1", "-o", "json").json
        assert mia.done("clusters", "show", cluster["id"], "-o", "json").json["name"] == "sim-1"

    def test_one_that_is_not_there_but_nearly(self, mia: Shell) -> None:
        ran = mia("clusters", "show", "sim-3")
        assert ran.code == 5
        assert "There is no cluster 'sim-3'.\n  try: Did you mean sim-" in ran.err


class TestChange:
    def test_labels_are_set_and_removed(self, mia: Shell, spare: str) -> None:
        assert mia.done("clusters", "label", spare, "tier=gold", "team-").out == "spare: tier=gold\n"
        ran = mia("clusters", "label", spare, "nonsense")
        assert (ran.code, ran.err) == (2, "error: 'nonsense' is neither KEY=VALUE nor KEY-.\n")

    def test_a_label_that_kubernetes_would_not_take(self, mia: Shell, spare: str) -> None:
        ran = mia("clusters", "label", spare, "a b=c")
        assert ran.code == 1
        assert "label key" in ran.err

    def test_a_new_name(self, mia: Shell, spare: str) -> None:
        mia.done("clusters", "rename", spare, "spare-new")
        assert mia("clusters", "show", spare).code == 5
        assert mia("clusters", "rename", "spare-new", "sim-1").code == 1

    def test_another_place(self, mia: Shell, spare: str) -> None:
        assert mia.done("clusters", "relocate", spare, "--region", "mars-1").out == "spare: region mars-1\n"
        assert mia("clusters", "relocate", spare).code == 2

    def test_removed_and_back(self, mia: Shell, spare: str) -> None:
        ran = mia("clusters", "remove", spare)
        assert (ran.code, "Say yes in advance with --yes." in ran.err) == (2, True)
        mia.done("clusters", "remove", spare, "--yes")
        assert mia("clusters", "show", spare).code == 5
        assert spare in mia.done("clusters", "list", "--removed", "-o", "name").out.split()
        assert mia.done("clusters", "restore", spare).out == "spare is back.\n"
        assert mia("clusters", "show", spare).code == 0


@pytest.mark.parametrize("profile", ["view", "operate", "admin"])
def test_a_manifest_can_be_piped_into_kubectl(mia: Shell, profile: str) -> None:
    import yaml

    kinds = {each["kind"] for each in yaml.safe_load_all(mia.done("clusters", "manifest", profile).out) if each}
    assert {"Namespace", "ServiceAccount", "Secret", "ClusterRoleBinding"} <= kinds
