"""The picture of a run: whole, with every line and with the times of illness."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from bench.endurance import plot
from bench.endurance.endurance import Sample

SVG = "{http://www.w3.org/2000/svg}"


def sample(second: float, illness: str) -> Sample:
    return Sample(
        second=second,
        illness=illness,
        hub=500 * plot.MIB,
        postgres=900 * plot.MIB,
        rate=500.0,
        fresh_p50=80.0,
        fresh_p99=400.0,
        lost=0,
        api_p50=12.0,
        api_p99=0.2,
        failed=0,
    )


def test_a_kept_run_is_drawn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    monkeypatch.setattr(plot, "PICTURE", tmp_path / "endurance.svg")
    assert plot.main() == 1
    plot.keep([sample(30, "hanging"), sample(60, "hanging"), sample(90, ""), sample(400, "429")], "500 clusters")
    assert plot.main() == 0
    drawn = ET.fromstring(plot.PICTURE.read_text())  # noqa: S314  # our own
    lines = drawn.findall(f"{SVG}polyline")
    assert [len(line.attrib["points"].split()) for line in lines] == [4] * 6
    assert len(drawn.findall(f"{SVG}rect")) == 2 * 3
    texts = [each.text for each in drawn.iter(f"{SVG}text")]
    assert texts.count("hanging") == 3
    assert "5 min" in texts
    for line in lines:
        ys = [float(point.partition(",")[2]) for point in line.attrib["points"].split()]
        assert all(0 < y < float(drawn.attrib["viewBox"].split()[3]) for y in ys)
