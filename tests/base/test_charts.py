"""The geometry of charts, bare."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from basefly.base import charts
from basefly.base.charts import Happening, Series

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
AMOUNTS = st.floats(min_value=-1e12, max_value=1e12, allow_nan=False)


def points(path: str) -> list[tuple[float, float]]:
    return [(float(x), float(y)) for x, y in re.findall(r"[ML]([\d.e+-]+) ([\d.e+-]+)", path)]


@pytest.mark.parametrize(
    ("low", "high", "found"),
    [
        (0, 60, [0, 20, 40, 60]),
        (0, 1, [0, 0.25, 0.5, 0.75, 1.0]),
        (0, 192, [0, 50, 100, 150, 200]),
        (-3, 7, [-5.0, -2.5, 0, 2.5, 5, 7.5]),
        (0, 0, [0, 0.25, 0.5, 0.75, 1]),
        (5, 5, [4, 6, 8, 10]),
    ],
)
def test_ticks_are_round_and_enclose(low: float, high: float, found: list[float]) -> None:
    assert charts.ticks(low, high) == pytest.approx(found)


@given(AMOUNTS, AMOUNTS)
def test_ticks_enclose_whatever_there_is(one: float, other: float) -> None:
    low, high = sorted((one, other))
    found = charts.ticks(low, high)
    slack = 1e-6 * max(1.0, abs(low), abs(high))
    assert found[0] <= low + slack
    assert found[-1] >= high - slack
    assert len(found) <= 12
    assert all(before < after for before, after in pairwise(found))


@pytest.mark.parametrize(
    ("value", "said"), [(0, "0"), (0.25, "0.25"), (42, "42"), (14_210, "14.2k"), (1_200_000, "1.2M"), (-3e9, "-3G")]
)
def test_figures_are_said_short(value: float, said: str) -> None:
    assert charts.plain(value) == said


class TestSparkline:
    def test_runs_from_edge_to_edge_and_its_peak_is_on_top(self) -> None:
        chart = charts.sparkline([1, 3, 2], ["a", "b", "c"])
        (start, peak, end) = points(chart.strokes[0].line)
        assert (start[0], end[0]) == (0, 1000)
        assert peak[1] < end[1] < start[1] <= chart.height
        assert chart.strokes[0].end == end

    def test_a_level_course_lies_in_the_middle(self) -> None:
        chart = charts.sparkline([5, 5], ["a", "b"])
        assert {y for _, y in points(chart.strokes[0].line)} == {chart.height / 2}

    def test_nothing_measured_draws_and_says_nothing(self) -> None:
        chart = charts.sparkline([None, None], ["a", "b"])
        assert (chart.strokes[0].line, chart.strokes[0].end, chart.told.high) == ("", None, "")
        assert chart.table.rows == [("a", "–"), ("b", "–")]

    def test_says_its_extremes(self) -> None:
        assert charts.sparkline([2, 9, 4], ["a", "b", "c"]).told == charts.Told("2", "9", "4")


class TestArea:
    def test_what_was_not_measured_is_a_gap(self) -> None:
        chart = charts.area([Series("used", [1, None, 3, 4])], ["a", "b", "c", "d"])
        assert chart.strokes[0].line.count("M") == 2
        assert len(points(chart.strokes[0].line)) == 3

    def test_a_single_point_can_be_seen(self) -> None:
        assert "h.01" in charts.area([Series("used", [None, 5, None])], ["a", "b", "c"]).strokes[0].line

    def test_values_stand_where_the_ticks_say(self) -> None:
        chart = charts.area([Series("used", [0, 20, 60])], ["a", "b", "c"])
        places = {tick.label: tick.at for tick in chart.ups}
        assert [y for _, y in points(chart.strokes[0].line)] == [places["0"], places["20"], places["60"]]

    def test_stacked_each_stands_on_the_one_before(self) -> None:
        series = [Series("a", [10, 20]), Series("b", [30, 40])]
        stacked = charts.area(series, ["x", "y"], stacked=True)
        alone = charts.area([Series("sum", [40, 60])], ["x", "y"])
        assert points(stacked.strokes[1].line) == points(alone.strokes[0].line)

    def test_what_is_negative_lies_below_zero(self) -> None:
        chart = charts.area([Series("balance", [-4, 4])], ["x", "y"])
        zero = next(tick.at for tick in chart.ups if tick.label == "0")
        (below, above) = points(chart.strokes[0].line)
        assert below[1] > zero > above[1]

    def test_the_table_has_the_same_figures(self) -> None:
        chart = charts.area([Series("a", [1, 2]), Series("b", [None, 4])], ["x", "y"])
        assert chart.table == charts.Table(("", "a", "b"), [("x", "1", "–"), ("y", "2", "4")])


class TestBars:
    def test_bars_stand_on_one_another_and_on_the_ground(self) -> None:
        chart = charts.bars([Series("a", [10]), Series("b", [5])], ["x"])
        lower, upper = chart.boxes
        assert lower.y + lower.height == pytest.approx(chart.height)
        assert upper.y + upper.height == pytest.approx(lower.y)
        assert upper.height == pytest.approx(lower.height / 2, abs=0.02)
        assert (lower.kind, upper.kind) == ("c1", "c2")

    @given(st.lists(st.floats(min_value=0, max_value=1e9), min_size=1, max_size=40))
    def test_bars_stay_within_the_plot(self, values: list[float]) -> None:
        chart = charts.bars([Series("a", values)], [str(n) for n in range(len(values))])
        assert all(box.x >= 0 and box.x + box.width <= 100.01 for box in chart.boxes)
        assert all(box.y >= 0 and box.y + box.height <= chart.height + 0.02 for box in chart.boxes)

    def test_many_columns_are_labelled_sparsely(self) -> None:
        chart = charts.bars([Series("a", [1] * 48)], [f"{n}" for n in range(48)])
        assert [tick.label for tick in chart.acrosses] == ["0", "8", "16", "24", "32", "40"]


class TestHeat:
    def test_tiles_grow_with_their_level(self) -> None:
        chart = charts.heat([Series("a", [0, 1, 2, 3, 4, None])], list("uvwxyz"))
        assert [cell.level for cell in chart.cells] == [0, 1, 2, 3, 4]
        assert all(small.box.height < large.box.height for small, large in pairwise(chart.cells))
        assert chart.cells[-1].said == "a, y: 4"

    def test_nothing_but_zeros_is_nothing_but_dots(self) -> None:
        assert {cell.level for cell in charts.heat([Series("a", [0, 0])], ["x", "y"]).cells} == {0}


class TestTimeline:
    def test_moments_and_spans_lie_where_they_were(self) -> None:
        lanes = [
            ("web", [Happening(NOON - timedelta(minutes=30), "Deployed", "ok")]),
            ("node", [Happening(NOON - timedelta(minutes=60), "Not ready", "bad", NOON - timedelta(minutes=45))]),
        ]
        chart = charts.timeline(lanes, begin=NOON - timedelta(hours=1), end=NOON, columns=["1 h", "now"])
        assert [(mark.x, mark.width) for mark in chart.marks] == [(50, 0), (0, 25)]
        assert chart.marks[0].y < chart.marks[1].y
        assert [lane for lane, _ in chart.rows] == ["node", "web"]

    def test_what_is_outside_is_left_out_and_what_reaches_in_is_cut(self) -> None:
        lanes = [
            (
                "web",
                [
                    Happening(NOON - timedelta(hours=3), "Long ago", "ok"),
                    Happening(NOON - timedelta(hours=3), "Still", "warn", NOON - timedelta(minutes=30)),
                ],
            )
        ]
        chart = charts.timeline(lanes, begin=NOON - timedelta(hours=1), end=NOON, columns=[])
        assert [(mark.title, mark.x, mark.width) for mark in chart.marks] == [("Still", 0, 50)]


@pytest.mark.parametrize(
    ("used", "capacity", "requested", "found"),
    [
        (24, 48, 36, charts.Meter(50, 75, "ok")),
        (40, 50, None, charts.Meter(80, None, "warn")),
        (96, 100, 140, charts.Meter(96, 100, "bad")),
        (3, 2, 0, charts.Meter(100, 0, "bad")),
        (1, 0, 1, charts.Meter(0, None, "idle")),
    ],
)
def test_a_meter_ends_at_its_ends(used: float, capacity: float, requested: float | None, found: charts.Meter) -> None:
    assert charts.meter(used, capacity, requested) == found
