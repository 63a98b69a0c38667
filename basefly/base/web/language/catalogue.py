"""The catalogues: read from their sources (.po) when their language is first asked for, so that nothing is compiled."""

from __future__ import annotations

import re
from functools import lru_cache
from gettext import GNUTranslations, NullTranslations
from io import BytesIO
from pathlib import Path
from typing import Any

from babel.messages.catalog import Catalog, Message
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from basefly.base.web.language import pseudo

HOME = Path(__file__).parent / "catalogues"
PROBLEM = "problem"  # the context of what errors say

_WHOLE = "de"  # a catalogue from which all messages can be known
_VALUE = re.compile(r"\{(\w+)\}")


@lru_cache(16)
def catalogue(tag: str) -> NullTranslations:
    """The texts in this language; what it lacks stays English."""
    if made := pseudo.MADE.get(tag):
        return made
    source = _source(tag)
    if source is None:
        return NullTranslations()
    compiled = BytesIO()
    write_mo(compiled, source)
    compiled.seek(0)
    return GNUTranslations(compiled)


@lru_cache(16)
def sentences(tag: str) -> list[tuple[re.Pattern[str], str]]:
    """What errors say with values in it: how to recognise each sentence, and its message; the most exact first."""
    source = _source(tag)
    messages = [str(each.id) for each in source or () if each.context == PROBLEM and _VALUE.search(str(each.id))]
    return [(_recognised(message), message) for message in sorted(messages, key=_certain, reverse=True)]


@lru_cache(16)
def script_texts(tag: str) -> dict[str, str | list[str]]:
    """What the scripts of a page say in this language, by message, with all its forms where it counts something.

    English needs none. The pseudo languages take the messages of a whole catalogue.
    """
    source = _source(tag) or (_source(_WHOLE) if tag in pseudo.MADE else None)
    ours = [each for each in source or () if each.id and _of_scripts(each)]
    if made := pseudo.MADE.get(tag):
        return {_first(each.id): _forms(each.id, made) for each in ours}
    return {
        _first(each.id): list(each.string) if each.pluralizable else str(each.string) for each in ours if each.string
    }


def _of_scripts(message: Message) -> bool:
    return any(path.startswith("frontend/") for path, _ in message.locations)


def _first(id_: Any) -> str:
    return str(id_ if isinstance(id_, str) else id_[0])


def _all(string: Any) -> str | list[str]:
    return string if isinstance(string, str) else list(string)


def _forms(id_: Any, made: NullTranslations) -> str | list[str]:
    return made.gettext(id_) if isinstance(id_, str) else [made.gettext(form) for form in id_]


def _source(tag: str) -> Catalog | None:
    path = HOME / f"{tag}.po"
    if not path.is_file():
        return None
    with path.open("rb") as source:
        return read_po(source, locale=tag.replace("-", "_"))


def _certain(message: str) -> int:
    """How many letters of a message are always the same."""
    return len(_VALUE.sub("", message))


def _recognised(message: str) -> re.Pattern[str]:
    parts = _VALUE.split(message)
    return re.compile(
        "".join(f"(?P<{part}>.*)" if odd % 2 else re.escape(part) for odd, part in enumerate(parts)), re.DOTALL
    )
