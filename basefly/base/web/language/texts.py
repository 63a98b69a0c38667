"""Texts in the reader's language, with their values filled in.

A value that is markup (what a macro or a set block made, or `minijinja.safe`) goes in as it is, and everything around
it is escaped; a text without such values is plain, and the template escapes it as any other. Whole numbers are
written as the language does (1,234); give a number that is a name, such as a port, as text.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from html import escape
from typing import Any

import minijinja

from basefly.base.web.language.catalogue import PROBLEM, catalogue, sentences
from basefly.base.web.language.formats import number
from basefly.base.web.language.reader import current

REASON = "reason"  # a value that is another such sentence

_VALUE = re.compile(r"\{(\w+)\}")


def t(message: str, /, **values: Any) -> str:
    """The message, `{name}` in it replaced by values: `t("{count} of {total} clusters answer", count=3, total=4)`."""
    return _filled(_texts().gettext(message) if message else "", values)


def tn(one: str, many: str, n: int, /, **values: Any) -> str:
    """The form of the message that fits the number: `tn("{n} pod", "{n} pods", 3)`."""
    return _filled(_texts().ngettext(one, many, n), {"n": n, **values})


def tp(context: str, message: str, /, **values: Any) -> str:
    """A message that means different things in different places: `tp("verb", "Open")`."""
    return _filled(_texts().pgettext(context, message), values)


def msg(message: str, /) -> str:
    """A message for the catalogue that is translated later, where it is shown: what a table of names is made of."""
    return message


def sentence(text: str, /) -> str:
    """What `told` says in the reader's language where it is shown, though no error says it: what a check found."""
    return text


def told(text: str) -> str:
    """What an error says, in the reader's language: its sentence is recognised, its values stay."""
    texts = _texts()
    if not text or (found := texts.pgettext(PROBLEM, text)) != text:
        return found if text else ""
    for pattern, message in sentences(current().language.tag):
        if fits := pattern.fullmatch(text):
            values = {name: told(value) if name == REASON else value for name, value in fits.groupdict().items()}
            return _filled(texts.pgettext(PROBLEM, message), values)
    return text


def _texts() -> Any:
    return catalogue(current().language.tag)


def _filled(text: str, values: Mapping[str, Any]) -> str:
    """The text with its values; a name that has none stays as it stands."""
    if not values:
        return text
    if not any(hasattr(value, "__html__") for value in values.values()):
        return _VALUE.sub(lambda name: _shown(values, name[1], name[0]), text)
    parts = _VALUE.split(text)
    return minijinja.safe("".join(_marked(values, part) if odd % 2 else escape(part) for odd, part in enumerate(parts)))


def _shown(values: Mapping[str, Any], name: str, otherwise: str) -> str:
    value = values.get(name, otherwise)
    return number(value) if isinstance(value, int) and not isinstance(value, bool) else str(value)


def _marked(values: Mapping[str, Any], name: str) -> str:
    markup = getattr(values.get(name), "__html__", None)
    return str(markup()) if markup else escape(_shown(values, name, f"{{{name}}}"))
