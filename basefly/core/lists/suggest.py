"""What could come next in a query: fields, and values with how many objects have them."""

from __future__ import annotations

import re

import msgspec

from basefly.base.db.transaction import Tx
from basefly.base.errors import Invalid
from basefly.base.principal import Principal
from basefly.base.text import query
from basefly.core.inventory.asking.facets import facets
from basefly.core.inventory.asking.request import ListRequest, Understood, understand
from basefly.core.inventory.sight import READ
from basefly.core.lists import store

MOST = 12
_WORD = re.compile(r'(?:[^\s"]|"(?:[^"\\]|\\.)*"?)*\Z')
_FIELD = re.compile(r"(-?)([A-Za-z][A-Za-z0-9_.-]*):(.*)", re.DOTALL)


class Suggestion(msgspec.Struct, frozen=True):
    """Something that could stand at the place of the word: `insert` replaces it. `count` is None where not known."""

    text: str
    insert: str
    count: int | None = None


class Suggestions(msgspec.Struct, frozen=True):
    """What could stand from `start` to `end` of the query (characters), the likeliest first."""

    start: int
    end: int
    items: list[Suggestion]


async def suggest(tx: Tx, by: Principal, request: ListRequest, at: int | None = None) -> Suggestions:
    """Suggestions for the word that ends `at` a place of the query, by default its end.

    Counts are those of the list without that word. Nothing is suggested where the rest cannot be read.
    """
    end = len(request.q) if at is None else max(0, min(at, len(request.q)))
    word = _WORD.search(request.q, 0, end)
    start = word.start() if word else end
    rest = msgspec.structs.replace(request, q=f"{request.q[:start]} {request.q[end:]}".strip(), cursor="")
    try:
        asked = await understand(tx, by, rest)
    except Invalid:
        return Suggestions(start, end, [])
    typed = request.q[start:end]
    field = _FIELD.fullmatch(typed)
    if field is None:
        return Suggestions(start, end, _fields(typed, asked)[:MOST])
    sign, name, given = field.groups()
    values = await _values(tx, by, query.ALIASES.get(name.lower(), name), asked, rest)
    earlier, comma, begun = given.rpartition(",")
    begun = begun.strip('"').lower()
    fits = [(text, count) for text, count in values if begun in text.lower()]
    fits.sort(key=lambda fit: not fit[0].lower().startswith(begun))
    prefix = f"{sign}{name}:{earlier}{comma}"
    return Suggestions(start, end, [Suggestion(text, prefix + _plain(text), count) for text, count in fits[:MOST]])


def _plain(text: str) -> str:
    """A value as it stands after its field."""
    return query.write([query.Condition("x", (text,))]).removeprefix("x:")


def _fields(typed: str, asked: Understood) -> list[Suggestion]:
    sign = "-" if typed.startswith("-") else ""
    begun = typed.removeprefix("-").lower()
    names = [*(name for name in query.FIELDS if name != "kind"), "age", *(c.name for c in asked.kind.columns)]
    return [Suggestion(f"{name}:", f"{sign}{name}:") for name in names if name.lower().startswith(begun)]


async def _values(
    tx: Tx, by: Principal, field: str, asked: Understood, rest: ListRequest
) -> list[tuple[str, int | None]]:
    """The values of a field, the most frequent first."""
    if field == "label":
        found = await store.get_labels(tx, by.scope(READ), asked.query)
        return [(text, None) for text in found]
    if field in ("status", "health", "cluster", "namespace"):
        counts = getattr(await facets(tx, by, rest), field)
        return list(counts.items())
    if field == "kind":
        return [(asked.kind.kind, None)]
    return []
