"""Search, events, kinds."""

from __future__ import annotations

from typing import cast

import pytest

from basefly.cli.client.hub import Hub
from basefly.cli.fleet import search
from tests.cli.shell import Shell
from tests.cli.world import World


class TestSearch:
    def test_objects_of_any_kind_and_clusters(self, mia: Shell, world: World) -> None:
        pod = world.pods()[0]["metadata"]["name"]
        ran = mia.done("search", pod)
        assert ran.rows[0] == ["CLUSTER", "KIND", "NAMESPACE", "NAME", "STATUS", "AGE"]
        assert pod in [row[3] for row in ran.rows[1:] if row[1] == "Pod"]
        assert ["sim-1", "Cluster", "sim-1"] in mia.done("search", "sim-1").rows

    def test_of_one_kind(self, mia: Shell) -> None:
        rows = mia.done("search", "kube", "--kind", "ns").rows
        assert {row[1] for row in rows[1:]} == {"Namespace"}

    def test_names_lead_on(self, mia: Shell) -> None:
        name = mia.done("search", "kube-system", "-k", "ns", "-o", "name", "--limit", "1").out.strip()
        assert mia.done("get", name).rows[1][1] == "kube-system"

    def test_nothing_found(self, mia: Shell) -> None:
        ran = mia("search", "no-such-thing")
        assert (ran.code, ran.err) == (5, "error: Nothing fits 'no-such-thing'.\n")

    def test_the_answer_as_json(self, mia: Shell) -> None:
        assert mia.done("search", "kube", "-o", "json").json["items"]


class TestEvents:
    def test_the_latest_come_first(self, mia: Shell) -> None:
        items = mia.done("events", "-o", "json").json["items"]
        moments = [item["cells"]["last"] for item in items]
        assert len(moments) > 1
        assert moments == sorted(moments, reverse=True)

    def test_about_one_object(self, mia: Shell) -> None:
        about = mia.done("events", "--limit", "1", "-o", "json").json["items"][0]["cells"]["object"]
        kind, _, name = about.partition("/")
        rows = mia.done("events", "--for", f"{kind.lower()}/{name}").rows
        assert {row[5] for row in rows[1:]} == {about}

    def test_a_wish_that_names_no_object(self, mia: Shell) -> None:
        assert mia("events", "--for", "pod").code == 2


class TestKinds:
    def test_every_kind_with_its_count(self, mia: Shell, world: World) -> None:
        rows = {row[0]: row for row in mia.done("kinds").rows}
        assert rows["pods"] == ["pods", "po", "core/v1", "Pod", "true", "2", str(len(world.pods()))]

    def test_for_programs(self, mia: Shell) -> None:
        assert "pods" in mia.done("kinds", "-o", "name").out.split()
        assert mia.done("kinds", "-o", "json").json["items"]


class TestCompletion:
    """What the shell asks for when someone presses Tab."""

    def ask(self, mia: Shell, line: str, **environ: str) -> list[str]:
        words = {"COMP_WORDS": line, "COMP_CWORD": str(len(line.split(" ")) - 1)}
        ran = mia(_BASEFLY_COMPLETE="complete_bash", **words, **environ)
        assert ran.err == ""
        return ran.out.split()

    def test_commands_kinds_clusters_and_contexts(self, mia: Shell) -> None:
        assert self.ask(mia, "basefly clu") == ["clusters"]
        assert self.ask(mia, "basefly get deplo") == ["deployments"]
        assert self.ask(mia, "basefly clusters show si") == ["sim-1", "sim-2"]
        assert self.ask(mia, "basefly clusters check sim-2") == ["sim-2"]

    def test_silence_where_no_hub_answers(self, mia: Shell) -> None:
        away = {"BASEFLY_URL": "http://127.0.0.1:1", "BASEFLY_TOKEN": "x"}
        assert self.ask(mia, "basefly clusters show si", **away) == []
        assert self.ask(mia, "basefly get deplo", BASEFLY_URL="nonsense://") == []


class TestUnreadable:
    def test_a_fleet_that_can_be_read(self, mia: Shell) -> None:
        assert "Every object can be read." in mia.done("unreadable").err
        assert mia.done("unreadable", "-o", "json").json == {"items": []}

    def test_what_cannot_be_read_is_a_line_a_kind(self, capsys: pytest.CaptureFixture[str]) -> None:
        east = {"id": "1", "name": "east"}
        pods = {"cluster": east, "resource": "pods", "count": 3, "unnamed": 0, "reason": ""}
        secrets = {"cluster": east, "resource": "secrets", "count": 2, "unnamed": 2, "reason": "no JSON"}
        told = {"items": [pods, secrets]}
        search.unreadable(cast(Hub, Answering(told)), ["east"], output="table")
        lines = capsys.readouterr().out.splitlines()
        assert lines[1].split()[:4] == ["east", "pods", "3", "0"]
        assert "status:Unreadable" in lines[1]
        assert lines[2].endswith("no JSON")


class Answering:
    """A hub that has one answer."""

    def __init__(self, told: object) -> None:
        self._told = told

    def get(self, path: str, asked: object) -> object:
        assert (path, asked) == ("/unreadable", {"cluster": ["east"]})
        return self._told
