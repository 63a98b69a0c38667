"""What the database will not take."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from basefly.core.sync.model import Place
from basefly.core.sync.store.merge import Change
from basefly.core.sync.writing.poison import Poison, refused_of
from tests.core.sync.writing.test_writer import row

PLACE = Place(UUID(int=1), "pods")


class Database:
    """Refuses whatever holds one of these uids, and counts how often it was asked."""

    def __init__(self, *poison: str) -> None:
        self.poison, self.asked = poison, 0

    async def refusal(self, changes: Sequence[Change]) -> str | None:
        self.asked += 1
        return next((f"no {one.row.uid}" for one in changes if one.row.uid in self.poison), None)


def changes(count: int) -> list[Change]:
    return [Change(PLACE, row(str(number), f"p{number}", digest=number)) for number in range(count)]


async def test_one_of_two_thousand_is_found_in_a_few_questions() -> None:
    database = Database("1234")
    found = await refused_of(changes(2000), database.refusal)
    assert {one.row.uid: why for one, why in found.items()} == {"1234": "no 1234"}
    assert database.asked < 30


async def test_all_of_them_are_found() -> None:
    found = await refused_of(changes(50), Database("0", "1", "49").refusal)
    assert sorted(one.row.uid for one in found) == ["0", "1", "49"]


async def test_what_was_refused_is_known_when_it_comes_again_and_tried_when_it_has_changed() -> None:
    poison = Poison()
    found = await poison.find(changes(3), Database("1").refusal)
    again = poison.instead(PLACE, changes(3)[1].row)
    assert again == found[PLACE, "1"]
    assert (again.status, again.name) == ("Unreadable", "p1")
    changed = row("1", "p1", digest=77)
    assert poison.instead(PLACE, changed) is changed
    assert poison.instead(PLACE, changes(3)[1].row).status == "Running", "it is no longer known"
