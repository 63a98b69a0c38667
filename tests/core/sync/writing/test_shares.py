"""Fair shares of a batch."""

from __future__ import annotations

import pytest

from basefly.core.sync.writing.shares import shares


@pytest.mark.parametrize(
    ("wanted", "most", "given"),
    [
        ({"flood": 4000}, 100, {"flood": 100}),
        ({"flood": 4000, "calm": 3}, 100, {"flood": 97, "calm": 3}),
        ({"flood": 4000, "storm": 4000, "calm": 10}, 100, {"flood": 45, "storm": 45, "calm": 10}),
        ({"a": 5, "b": 5}, 100, {"a": 5, "b": 5}),
        ({"a": 5, "b": 5, "c": 5}, 2, {"a": 1, "b": 1, "c": 1}),
        ({}, 100, {}),
    ],
)
def test_whoever_wants_little_has_it_all(wanted: dict[str, int], most: int, given: dict[str, int]) -> None:
    assert shares(wanted, most) == given
