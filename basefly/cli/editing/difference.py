"""A difference as `diff -u` writes it, in colour where that is seen."""

from __future__ import annotations

from basefly.cli import terminal
from basefly.cli.terminal import Colour

_COLOURS: dict[str, Colour] = {"+": "green", "-": "red", "@": "cyan"}


def tell(difference: str) -> None:
    """Show it on stderr: it is what one is asked about."""
    for line in difference.splitlines():
        terminal.note(terminal.clean(line), _COLOURS.get(line[:1]))
