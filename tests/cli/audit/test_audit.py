"""The record from a shell: listed, taken along, verified through the hub and past it."""

from __future__ import annotations

import json
from pathlib import Path

from tests.cli.shell import Shell
from tests.cli.world import World


class TestList:
    def test_says_who_did_what_to_what(self, mia: Shell) -> None:
        rows = mia.done("audit", "list", "--act", "cluster.registered").rows
        assert rows[0] == ["SEQ", "AGE", "WHO", "ACT", "OBJECT", "OUTCOME"]
        assert {(row[2], row[3], row[5]) for row in rows[1:]} == {("Mia", "cluster.registered", "done")}

    def test_limits_over_pages(self, mia: Shell) -> None:
        assert len(mia.done("audit", "list", "--limit", "3", "-o", "json").json["items"]) == 3

    def test_says_when_nothing_matches(self, mia: Shell) -> None:
        assert "No record matches." in mia.done("audit", "list", "--act", "no.such").err

    def test_history_of_a_cluster_by_its_name(self, mia: Shell) -> None:
        acts = {item["act"] for item in mia.done("audit", "history", "sim-1", "-o", "json").json["items"]}
        assert "cluster.registered" in acts


class TestExport:
    def test_writes_a_file(self, mia: Shell, tmp_path: Path) -> None:
        file = tmp_path / "audit.csv"
        mia.done("audit", "export", "--format", "csv", "--file", str(file), "--act", "cluster")
        assert file.read_text().startswith("seq,at,actor,")

    def test_prints_lines(self, mia: Shell) -> None:
        lines = mia.done("audit", "export", "--act", "cluster.registered").out.splitlines()
        assert {json.loads(line)["act"] for line in lines} == {"cluster.registered"}


class TestVerify:
    def test_through_the_hub(self, mia: Shell) -> None:
        assert "records proved, up to number" in mia.done("audit", "verify").out
        assert mia.done("audit", "verify", "--json").json["findings"] == []

    def test_past_the_hub(self, mia: Shell, world: World) -> None:
        given = {"BASEFLY_DATA_DIR": str(world.data), "BASEFLY_DATABASE_URL": world.database}
        assert "records proved, up to number" in mia.done("audit", "verify", "--database", **given).out


def test_a_new_key_signs_from_now_on(shell: Shell, tmp_path: Path) -> None:
    given = {"BASEFLY_DATA_DIR": str(tmp_path)}
    shell.done("audit", "rotate-key", **given)
    before = (tmp_path / "audit.key").read_text()
    shell.done("audit", "rotate-key", **given)
    assert (tmp_path / "audit.key").read_text() != before
    assert len((tmp_path / "audit" / "keys.jsonl").read_text().splitlines()) == 3


class TestRetention:
    def test_is_said_and_set(self, mia: Shell) -> None:
        assert mia.done("audit", "retention").out == "Records are kept for ever.\n"
        assert mia.done("audit", "retention", "90").out == "Records are kept for 90 days.\n"
        assert mia.done("audit", "retention", "forever").out == "Records are kept for ever.\n"

    def test_has_bounds(self, mia: Shell) -> None:
        assert "30 to 36500" in mia("audit", "retention", "3").err
        assert mia("audit", "retention", "soon").code == 2


class TestStreams:
    def test_come_and_go(self, mia: Shell) -> None:
        made = mia.done("audit", "streams", "create", "siem", "webhook", "https://siem.example.com/x")
        assert len(made.out.strip()) > 30
        (_, row) = mia.done("audit", "streams", "list").rows
        assert row[:3] == ["siem", "webhook", "https://siem.example.com/x"]
        mia.done("audit", "streams", "resume", "siem")
        mia.done("audit", "streams", "end", "siem", "--yes")
        assert mia("audit", "streams", "end", "siem", "--yes").code == 5

    def test_to_nowhere_are_told(self, mia: Shell) -> None:
        ran = mia("audit", "streams", "create", "x", "syslog", "https://x")
        assert ran.code == 1
        assert "tls://" in ran.err
