"""An owner graph as boxes and lines: a column a generation, a row a leaf. The tree of lists beside it says the same."""

from __future__ import annotations

import msgspec

from basefly.core.inventory.display.facts import Branch

WIDTH, HEIGHT = 208, 44  # of a box, in units of the drawing
COLUMN, ROW = 248, 56
LETTERS = 26  # of a name that fit into a box


class Box(msgspec.Struct, frozen=True, kw_only=True):
    """An object at its place; `label` is its name as far as it fits, `folded` how many brothers it stands for."""

    x: int
    y: int
    kind: str
    name: str
    label: str
    href: str
    health: str
    status: str
    here: bool
    folded: int = 0


class Line(msgspec.Struct, frozen=True):
    """From an owner to what it owns, as the path of an SVG."""

    path: str


class Drawing(msgspec.Struct, frozen=True, kw_only=True):
    """Boxes and lines in a field of this size."""

    width: int
    height: int
    boxes: list[Box]
    lines: list[Line]


def drawing(roots: list[Branch]) -> Drawing | None:
    """Lay out trees; None for an object that stands alone."""
    if not roots:
        return None
    boxes: list[Box] = []
    lines: list[Line] = []
    rows = 0
    for root in roots:
        rows, _ = _place(root, 0, rows, (boxes, lines))
    depth = max(box.x for box in boxes) // COLUMN
    return Drawing(width=depth * COLUMN + WIDTH + 2, height=rows * ROW, boxes=boxes, lines=lines)


def _place(branch: Branch, depth: int, row: int, into: tuple[list[Box], list[Line]]) -> tuple[int, int]:
    """Place a branch and what is below it from `row` on; returns the next free row, and the y of the branch itself."""
    boxes, lines = into
    top, ends = row, []
    for child in branch.children:
        row, y = _place(child, depth + 1, row, into)
        ends.append(y)
    if branch.more:
        folded = Branch(kind="", name="", href="", status="", health="idle", here=False, children=[])
        boxes.append(_box(folded, depth + 1, row * ROW, branch.more))
        ends.append(row * ROW)
        row += 1
    own = top * ROW
    boxes.append(_box(branch, depth, own, 0))
    start, middle = depth * COLUMN + WIDTH, own + HEIGHT // 2
    lines.extend(Line(f"M{start} {middle}H{start + 20}V{y + HEIGHT // 2}H{(depth + 1) * COLUMN}") for y in ends)
    return max(row, top + 1), own


def _box(branch: Branch, depth: int, y: int, folded: int) -> Box:
    name = branch.name
    return Box(
        x=depth * COLUMN + 1,
        y=y + 1,
        kind=branch.kind,
        name=name,
        label=name if len(name) <= LETTERS else f"{name[: LETTERS - 9]}…{name[-8:]}",
        href=branch.href,
        health=branch.health,
        status=branch.status,
        here=branch.here,
        folded=folded,
    )
