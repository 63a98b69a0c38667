"""An owner graph, laid out."""

from basefly.core.inventory.display.drawing import COLUMN, ROW, drawing
from basefly.core.inventory.display.facts import Branch


def branch(name: str, *children: Branch, more: int = 0) -> Branch:
    return Branch(kind="Pod", name=name, href="/", status="", health="ok", here=False, children=[*children], more=more)


def test_what_stands_alone_is_not_drawn() -> None:
    assert drawing([]) is None


def test_children_stand_in_the_next_column_one_below_the_other() -> None:
    made = drawing([branch("web", branch("a"), branch("b"), more=7)])
    assert made is not None
    places = {box.name or box.folded: (box.x // COLUMN, box.y // ROW) for box in made.boxes}
    assert places == {"a": (1, 0), "b": (1, 1), 7: (1, 2), "web": (0, 0)}
    assert len(made.lines) == 3
    assert made.height == 3 * ROW
