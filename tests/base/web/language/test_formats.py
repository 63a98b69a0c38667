"""How times and figures are said."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from basefly.base.web.language import formats


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (0, "0s"),
        (-5, "0s"),
        (119, "119s"),
        (120, "2m"),
        (330, "5m30s"),
        (3599, "59m"),
        (7200, "120m"),
        (3 * 3600 + 12 * 60, "3h12m"),
        (8 * 3600, "8h"),
        (47 * 3600, "47h"),
        (48 * 3600, "2d"),
        (5 * 86400 + 3 * 3600, "5d3h"),
        (8 * 86400, "8d"),
        (729 * 86400, "729d"),
        (3 * 365 * 86400 + 40 * 86400, "3y40d"),
        (9 * 365 * 86400, "9y"),
    ],
)
def test_ages_are_kubectl_s(seconds: int, expected: str) -> None:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    assert formats.age(now - timedelta(seconds=seconds), now) == expected
    assert formats.age(timedelta(seconds=seconds)) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [(None, "–"), (0, "0 B"), (512, "512 B"), (1024, "1 KiB"), (1572864, "1.5 MiB"), (109521666048, "102 GiB")],
)
def test_sizes(value: float | None, expected: str) -> None:
    assert formats.size(value) == expected


def test_numbers_and_moments() -> None:
    assert formats.number(1234567) == "1,234,567"
    assert formats.number(None) == "–"
    assert formats.age(None) == "–"
    assert formats.when(datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)) == "2026-01-02T03:04:05Z"
    assert formats.when(None) == ""
