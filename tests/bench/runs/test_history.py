"""What earlier runs say of a run: kept for each machine, told where it is far from them."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.report import Findings
from bench.runs import history


def found(milliseconds: float) -> Findings:
    return Findings.of("api", {"p95, ms": milliseconds}, ())


def test_nothing_is_said_before_there_are_enough_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    told = [history.remember("api", "S", found(milliseconds)) for milliseconds in (40, 41, 42, 43, 44, 90)]
    assert told[:-1] == [{}] * 5
    assert told[-1]["p95, ms"] == pytest.approx(0.6745 * (90 - 42) / 1, abs=0.1)
    assert "p95, ms" in history.table(told[-1])


def test_sizes_and_machines_are_not_compared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    for milliseconds in range(40, 46):
        history.remember("api", "S", found(milliseconds))
    assert history.remember("api", "L", found(90)) == {}
    monkeypatch.setattr(history, "_machine", lambda: "another")
    assert history.remember("api", "S", found(90)) == {}


def test_figures_of_any_shape_are_told_by_where_they_stand() -> None:
    figures = {
        "hub": {"cpu": 1.5, "holds": True},
        "sides": [{"name": "ours", "wall": 2}, {"name": "theirs", "wall": 3}],
    }
    assert dict(history._numbers(figures)) == {"hub: cpu": 1.5, "sides: ours: wall": 2.0, "sides: theirs: wall": 3.0}


def test_a_figure_that_never_varied_is_left_out() -> None:
    assert history.distances({"lists": 3.0}, [{"lists": 0.0}] * 9) == {}
