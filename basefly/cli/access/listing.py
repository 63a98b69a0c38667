"""What all of these commands share: lists, and finding one thing by the word that people use for it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from basefly.cli import terminal
from basefly.cli.client.hub import Hub
from basefly.cli.exits import Exit, Failure
from basefly.cli.show import documents, values
from basefly.cli.show.table import Table

Item = dict[str, Any]


def print_items(
    items: list[Item], output: str, headings: Sequence[str], row: Callable[[Item], Sequence[str]], *, name: str = "name"
) -> None:
    """A list as a table, as names, or as a document."""
    if output in ("json", "yaml"):
        terminal.write(documents.written({"items": items}, output))
    elif output == "name":
        for item in items:
            terminal.say(terminal.clean(str(item[name])))
    else:
        table = Table(headings)
        for line in table.draw([terminal.clean(cell) for cell in row(item)] for item in items):
            terminal.say(line)


def find(items: Iterable[Item], word: str, what: str, *, by: Sequence[str] = ("id", "name")) -> Item:
    """The one that goes by this word. Raises Failure when there is none, or several."""
    found = [item for item in items if any(str(item[key]).lower() == word.lower() for key in by)]
    if len(found) > 1:
        raise Failure(f"Several {what}s go by {word!r}.", cure="Give the id.", exit_code=Exit.USAGE)
    if not found:
        raise Failure(f"There is no {what} {word!r}.", cure=f"List the {what}s to see them.", exit_code=Exit.NOT_FOUND)
    return found[0]


def member(hub: Hub, word: str) -> Item:
    """The member of this e-mail address, name or id."""
    return find(hub.get("/members")["items"], word, "member", by=("id", "email", "name"))


def ends(item: Item) -> str:
    """When a grant ends, in words."""
    if not item.get("expires_at"):
        return "never"
    moment = values.moment(item["expires_at"])
    return f"{moment:%Y-%m-%d %H:%M} UTC" if moment else "<unknown>"
