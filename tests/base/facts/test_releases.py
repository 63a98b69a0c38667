"""Releases of Kubernetes: what is known is said, what is not is not guessed."""

from __future__ import annotations

from datetime import date

import pytest

from basefly.base.facts.releases import numbers, release


@pytest.mark.parametrize(
    ("version", "today", "standing"),
    [
        ("v1.33.4-eks-1", date(2026, 1, 1), "supported"),
        ("v1.33.4", date(2026, 4, 1), "ending"),
        ("1.33.4+k3s1", date(2026, 6, 28), "ending"),
        ("v1.33.4", date(2026, 6, 29), "ended"),
        ("v1.28.15", date(2024, 10, 23), "ended"),  # with its last patch, before the day that was planned
        ("v1.31.14", date(2025, 11, 11), "ending"),  # and this one after it
        ("v1.37.1", date(2027, 10, 28), "ending"),
        ("v1.99.0", date(2026, 1, 1), "unknown"),
        ("", date(2026, 1, 1), "unknown"),
    ],
)
def test_a_release_stands_as_its_dates_say(version: str, today: date, standing: str) -> None:
    assert release(version, today).standing == standing


def test_minors_are_compared_as_numbers() -> None:
    assert sorted(["v1.9.1", "v1.10.0"], key=lambda v: numbers(v) or (0, 0)) == ["v1.9.1", "v1.10.0"]
    assert numbers("main") is None
