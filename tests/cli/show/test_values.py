"""Values as people read them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from basefly.cli.show import values

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
MINUTE, HOUR, DAY, YEAR = 60, 3600, 86_400, 365 * 86_400


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (-5, "0s"),
        (0, "0s"),
        (119.9, "119s"),
        (120, "2m"),
        (2 * MINUTE + 5, "2m5s"),
        (9 * MINUTE + 59, "9m59s"),
        (10 * MINUTE + 30, "10m"),
        (179 * MINUTE, "179m"),
        (3 * HOUR, "3h"),
        (7 * HOUR + 59 * MINUTE, "7h59m"),
        (8 * HOUR + 59 * MINUTE, "8h"),
        (47 * HOUR, "47h"),
        (2 * DAY, "2d"),
        (7 * DAY + 23 * HOUR, "7d23h"),
        (8 * DAY + 23 * HOUR, "8d"),
        (729 * DAY, "729d"),
        (2 * YEAR, "2y"),
        (3 * YEAR + 40 * DAY, "3y40d"),
        (8 * YEAR + 40 * DAY, "8y"),
    ],
)
def test_a_span_is_said_as_kubectl_says_it(seconds: float, said: str) -> None:
    """The boundaries of `HumanDuration` in k8s.io/apimachinery/pkg/util/duration."""
    assert values.span(timedelta(seconds=seconds)) == said


@pytest.mark.parametrize(
    ("value", "kind", "shown"),
    [
        (None, "text", "<none>"),
        ("", "time", "<none>"),
        ([], "list", "<none>"),
        ("2026-03-01T11:00:00Z", "time", "60m"),
        ("soon", "time", "soon"),
        (["a", "b", "c"], "list", "a,b,c"),
        (["a", "b", "c", "d", "e"], "list", "a,b,c + 2 more..."),
        (True, "text", "yes"),
        (False, "text", "no"),
        (512, "bytes", "512B"),
        (1.5 * 1024**3, "bytes", "1.5GiB"),
        (200 * 1024**2, "bytes", "200MiB"),
        (0.1 + 0.2, "cores", "0.3"),
        (0, "number", "0"),
        ("a\x1b[2Jb\nc", "text", "a\\x1b[2Jb\\x0ac"),
        (["\x9b2J"], "list", "\\x9b2J"),
    ],
)
def test_a_cell_is_shown_by_its_type(value: Any, kind: str, shown: str) -> None:
    assert values.text(value, kind, now=NOW) == shown


def test_labels_are_shown_in_order() -> None:
    assert values.labels({"b": "2", "a": "1"}) == "a=1,b=2"
    assert values.labels({}) == "<none>"


def test_an_age_that_nobody_knows() -> None:
    assert values.age(None) == "<unknown>"
    assert values.age("2026-03-01T11:59:00", NOW) == "60s"
