"""Each validator passes what is right and catches a history that is broken in its own way, and only then."""

from __future__ import annotations

import pytest

from bench.soak.validators import VALIDATORS, Happened, Told, violations

HAPPENED = [Happened(1, "a"), Happened(2, "b"), Happened(4, "a"), Happened(6, "b", deleted=True), Happened(8, "c")]
LIST = [Told("listing"), Told("object", 1, "a"), Told("object", 2, "b"), Told("listed", 3)]
WATCH = [Told("changed", 4, "a"), Told("bookmark", 5), Told("deleted", 6, "b"), Told("changed", 8, "c")]
SOUND = [*LIST, *WATCH, Told("bookmark", 9)]


def without(version: int) -> list[Told]:
    return [one for one in SOUND if one.version != version]


BROKEN = {
    "ordered": [*LIST, Told("changed", 6, "b"), Told("changed", 4, "a")],
    "unique": [*LIST, Told("changed", 4, "a"), Told("changed", 4, "a")],
    "reliable": [*LIST, Told("changed", 4, "a"), Told("changed", 8, "c")],
    "reliable, invented": [*LIST, Told("changed", 4, "a"), Told("changed", 5, "z")],
    "reliable, told as another": [*LIST, Told("changed", 4, "a"), Told("changed", 6, "b")],
    "atomic, lacking": [Told("listing"), Told("object", 1, "a"), Told("listed", 3)],
    "atomic, of two snapshots": [Told("listing"), Told("object", 4, "a"), Told("object", 2, "b"), Told("listed", 3)],
    "atomic, with the dead": [*LIST[:-1], Told("listed", 7)],
    "resumable": [Told("begun", 3), Told("deleted", 6, "b"), Told("changed", 8, "c")],
    "bookmark-true, too early": [*LIST, Told("bookmark", 5), Told("deleted", 6, "b")],
    "bookmark-true, taken back": [*LIST, Told("changed", 4, "a"), Told("bookmark", 7), Told("deleted", 6, "b")],
}


def test_what_is_right_passes() -> None:
    assert violations(HAPPENED, SOUND) == []
    assert violations(HAPPENED, [*SOUND, Told("begun", 9)]) == []
    assert violations(HAPPENED, [Told("begun", 3), *WATCH]) == []


@pytest.mark.parametrize("name", BROKEN)
def test_what_is_broken_is_caught_by_its_validator(name: str) -> None:
    promise = name.partition(",")[0]
    assert VALIDATORS[promise](HAPPENED, BROKEN[name], ())


def test_a_list_given_up_and_an_object_that_could_not_be_read_break_no_promise() -> None:
    given_up = [Told("listing"), Told("object", 1, "a"), *SOUND]
    unread = [Told("listing"), Told("object", 1, "a"), Told("skipped"), Told("listed", 3), *WATCH]
    skipped = [*LIST, Told("skipped", 4, "a"), *WATCH[1:]]
    assert [violations(HAPPENED, told) for told in (given_up, unread, skipped)] == [[], [], []]


def test_what_the_server_itself_hid_is_excused() -> None:
    assert violations(HAPPENED, without(6)) != []
    assert violations(HAPPENED, without(6), {6}) == []
