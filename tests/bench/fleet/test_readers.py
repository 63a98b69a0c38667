"""Changes and what was seen of them, joined."""

from __future__ import annotations

from bench.fleet.members import Change
from bench.fleet.readers import waits

POD = ("sim-1", "shop", "web")


def test_a_change_that_another_overtook_was_seen_with_it_and_one_that_never_came_is_lost() -> None:
    changes = [Change(*POD, restarts=number, at=float(number)) for number in (1, 2, 3)]
    taken, lost = waits(changes, {POD: [(2, 2.5)]})
    assert (taken, lost) == ([500.0, 1500.0], 1)
    assert waits(changes, {}) == ([], 3)
