"""A file that no spreadsheet runs."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from basefly.core.lists.export import _field


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ("=HYPERLINK(1)", "'=HYPERLINK(1)"),
        ("+1", "'+1"),
        ("-1", "'-1"),
        ("@sum", "'@sum"),
        ("\tx", "'\tx"),
        (-1, "-1"),
        (2.5, "2.5"),
        (["=a", "b"], "'=a, b"),
        ("a=b", "a=b"),
        (None, ""),
        (datetime(2026, 1, 2, tzinfo=UTC), "2026-01-02T00:00:00Z"),
    ],
)
def test_fields(given: Any, field: str) -> None:
    assert _field(given) == field
