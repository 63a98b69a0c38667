"""Tables as kubectl draws them: columns three spaces apart, headings in capitals, one line a row."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from basefly.cli.terminal import Colour, paint

GAP = "   "


class Cell(NamedTuple):
    """A text with the colour that it has on a terminal."""

    text: str
    colour: Colour | None = None


class Table:
    """Rows under headings. Widths come from the first rows drawn, so that long lists appear as they arrive."""

    def __init__(self, headings: Sequence[str], *, headed: bool = True) -> None:
        self.headings = [heading.upper() for heading in headings]
        self._widths: list[int] = []
        self._headed = headed

    def draw(self, rows: Iterable[Sequence[Cell | str]]) -> list[str]:
        """The lines of these rows, after the headings the first time."""
        cells = [[cell if isinstance(cell, Cell) else Cell(cell) for cell in row] for row in rows]
        lines = []
        if not self._widths:
            self._widths = [
                max(len(heading), *(len(row[place].text) for row in cells), 0)
                for place, heading in enumerate(self.headings)
            ]
            if self._headed:
                lines.append(self._line([Cell(heading, "dim") for heading in self.headings]))
        return lines + [self._line(row) for row in cells]

    def _line(self, row: Sequence[Cell]) -> str:
        parts = [paint(cell.text, cell.colour) + " " * (self._widths[n] - len(cell.text)) for n, cell in enumerate(row)]
        return GAP.join(parts).rstrip()
