"""The query language of lists, search and palette: free text beside `kind: ns: cluster: label: status:`. Pure.

    web ns:shop,pay -status:Running label:app=web restarts:>3 node:"" name:"a b"

Words stand for a part of the name. `field:value` narrows to a field, a comma means "or", a leading minus "not", and
quotes keep what is special as it is. Which fields there are beyond FIELDS depends on the kind.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import NoReturn

import msgspec

from basefly.base.errors import FieldError, Invalid

TEXT = ""  # the field of a plain word
ALIASES = {"ns": "namespace", "labels": "label", "name": TEXT, "kinds": "kind", "clusters": "cluster"}
FIELDS = ("kind", "namespace", "cluster", "label", "status", "health")
LONGEST = 1000  # characters of a query
MOST = 50  # conditions in a query

_FIELD = re.compile(r"([A-Za-z][A-Za-z0-9_.-]*):")
_PLAIN = re.compile(r'[^\s",]+')
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"')
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_NEEDS_QUOTES = re.compile(r'[\s",]|^-|^$|^[A-Za-z][A-Za-z0-9_.-]*:')


class Condition(msgspec.Struct, frozen=True):
    """One thing that must hold: the field has one of the values; or, `negated`, none of them."""

    field: str
    values: tuple[str, ...]
    negated: bool = False
    start: int = 0  # where it stands in the text, for whoever has to complain about it


def parse(text: str) -> tuple[Condition, ...]:
    """Read a query; an empty one asks for everything. Raises Invalid that names the place and the cure."""
    if len(text) > LONGEST:
        wrong(text, LONGEST, f"a query has at most {LONGEST} characters", "Shorten it.")
    found: list[Condition] = []
    position = _past_space(text, 0)
    while position < len(text):
        condition, position = _condition(text, position)
        found.append(condition)
        if len(found) > MOST:
            wrong(text, condition.start, f"a query has at most {MOST} conditions", "Leave some out.")
        position = _past_space(text, position)
    return tuple(found)


def write(conditions: Iterable[Condition]) -> str:
    """The text that reads as these conditions."""
    return " ".join(_written(condition) for condition in conditions)


def texts(conditions: Iterable[Condition]) -> list[str]:
    """The plain words, which are looked for in names."""
    return [value for each in conditions if each.field == TEXT and not each.negated for value in each.values]


def wrong(text: str, position: int, what: str, cure: str) -> NoReturn:
    """Complain about one place of a query."""
    rest = text[position : position + 20]
    place = f"at character {position + 1} ({rest!r})" if rest else "at its end"
    detail = f"The query cannot be read {place}: {what}."
    raise Invalid(detail, errors=(FieldError("/q", detail),), cure=cure, position=position)


def pick(wanted: Sequence[str], known: Iterable[str]) -> list[str]:
    """The known words that the wanted ones stand for, in any case of letters.

    A word stands for the value that is exactly it; failing that, for all that begin with it; `*` stands for anything.
    """
    by_lower: dict[str, list[str]] = {}
    for word in known:
        by_lower.setdefault(word.lower(), []).append(word)
    picked: dict[str, None] = {}
    for each in wanted:
        picked.update(dict.fromkeys(_meant(each.lower(), by_lower)))
    return list(picked)


def _meant(word: str, by_lower: dict[str, list[str]]) -> list[str]:
    if word in by_lower:
        return by_lower[word]
    if not word:
        return []
    pattern = re.compile(".*".join(re.escape(part) for part in word.split("*")) + ("" if "*" in word else ".*"))
    return [each for lower, words in by_lower.items() if pattern.fullmatch(lower) for each in words]


def _condition(text: str, start: int) -> tuple[Condition, int]:
    negated = text[start] == "-" and start + 1 < len(text) and not text[start + 1].isspace()
    position = start + negated
    field = _FIELD.match(text, position)
    name = field[1] if field else TEXT
    values, position = _values(text, field.end() if field else position, name)
    return Condition(ALIASES.get(name.lower(), name), values, negated, start), position


def _values(text: str, position: int, field: str) -> tuple[tuple[str, ...], int]:
    values: list[str] = []
    while True:
        value, position = _value(text, position, field)
        values.append(value)
        if not text.startswith(",", position):
            break
        position += 1
    if position < len(text) and not text[position].isspace():
        wrong(text, position, "a space is missing before this", "Put a space, or everything into one pair of quotes.")
    return tuple(values), position


def _value(text: str, position: int, field: str) -> tuple[str, int]:
    if text.startswith('"', position):
        quoted = _QUOTED.match(text, position)
        if quoted is None:
            wrong(text, position, "the quote is not closed", 'End it with a second ".')
        return _ESCAPE.sub(r"\1", quoted[1]), quoted.end()
    plain = _PLAIN.match(text, position)
    if plain is None:
        after = f"{field}: " if field else "the comma "
        wrong(text, position, f"{after}has no value", f'Write one, or "" for an empty one: {field or "web"}:"".')
    return plain[0], plain.end()


def _written(condition: Condition) -> str:
    values = ",".join(_quoted(value, alone=not condition.field) for value in condition.values)
    sign = "-" if condition.negated else ""
    return f"{sign}{condition.field}:{values}" if condition.field else f"{sign}{values}"


def _quoted(value: str, *, alone: bool) -> str:
    if not _NEEDS_QUOTES.search(value) or (not alone and re.fullmatch(r'[^\s",]+', value)):
        return value
    return '"' + re.sub(r'(["\\])', r"\\\1", value) + '"'


def _past_space(text: str, position: int) -> int:
    while position < len(text) and text[position].isspace():
        position += 1
    return position
