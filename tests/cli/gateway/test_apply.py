"""Files applied from the command line: tried, asked about, applied in order, and what was not."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.shell import Shell
from tests.cli.world import World

pytestmark = pytest.mark.usefixtures("let_in")
MAP = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, namespace: applied}\ndata: {x: '1'}\n"
SPACE = "apiVersion: v1\nkind: Namespace\nmetadata: {name: applied}\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "below").mkdir()
    (tmp_path / "a.yaml").write_text(MAP)
    (tmp_path / "below" / "b.yml").write_text(SPACE)
    (tmp_path / "notes.txt").write_text("no manifest: [")
    return tmp_path


class TestApply:
    def test_a_folder_tried_then_applied_then_unchanged(self, mia: Shell, world: World, folder: Path) -> None:
        words = ("apply", "-f", str(folder), "-c", "sim-1")
        tried = mia.done(*words, "--dry-run")
        assert [line.split() for line in tried.out.splitlines()[:1]] == [["created", "sim-1:namespace/applied"]]
        assert "+  x: '1'" in tried.err
        assert "could not be tried" in tried.out
        asked = mia(*words)
        assert (asked.code, "--yes" in asked.err) == (2, True)
        done = mia.done(*words, "--yes")
        assert [line.split() for line in done.out.splitlines()] == [
            ["created", "sim-1:namespace/applied"],
            ["created", "sim-1:applied/configmap/a"],
        ]
        held = world.call(lambda: world.cluster("sim-1").api.get("configmaps", "a", "applied"))
        assert held["data"] == {"x": "1"}
        assert [line.split()[0] for line in mia.done(*words).out.splitlines()] == ["unchanged", "unchanged"]

    def test_from_stdin_to_each_cluster_once(self, mia: Shell) -> None:
        text = MAP.replace("applied", "default")
        done = mia.done("apply", "-f", "-", "-c", "sim-1", "-c", "sim-1", "--yes", stdin=text)
        assert [line.split()[1] for line in done.out.splitlines()] == [
            "sim-1:default/configmap/a",
        ]

    def test_what_is_wrong_says_where(self, mia: Shell, tmp_path: Path) -> None:
        (tmp_path / "bad.yaml").write_text(f"{MAP}---\na: [\n")
        ran = mia("apply", "-f", str(tmp_path / "bad.yaml"), "-c", "sim-1")
        assert ran.code == 1
        assert "bad.yaml, line" in ran.err

    def test_what_was_not_applied(self, mia: Shell) -> None:
        unknown = "apiVersion: example.com/v1\nkind: Widget\nmetadata: {name: w}\n"
        ran = mia("apply", "-f", "-", "-c", "sim-1", "--yes", stdin=unknown)
        assert ran.code == 1
        assert ran.out.startswith("refused")
        assert "line 1" in ran.err

    @pytest.mark.parametrize("words", [("-f", "nowhere.yaml", "-c", "sim-1"), ("-f", "-"), ()])
    def test_what_makes_no_sense(self, mia: Shell, words: tuple[str, ...]) -> None:
        assert mia("apply", *words, stdin=MAP).code in (1, 2)
