"""Two languages that nobody speaks, made from the English: what is not translated, too short or not mirrored shows."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from gettext import NullTranslations
from types import MappingProxyType

_VALUE = re.compile(r"(\{\w+\})")
_WORD = re.compile(r"\w+")
_ACCENTS = str.maketrans("AaCcDdEeGgHhIiJjKkLlNnOoRrSsTtUuWwYyZz", "ÅåÇçÐðÉéĜĝĤĥÎîĴĵĶķĻļÑñÖöŔŕŠšŢţÛûŴŵÝýŽž")
_FILLING = " one two three four five six seven eight nine ten"
_OVERRIDE, _POP, _MARK = "\u202e", "\u202c", "\u200f"  # right to left until popped


class Pseudo(NullTranslations):
    """Texts made from the English by a rule."""

    def __init__(self, rule: Callable[[str], str]) -> None:
        super().__init__()
        self._rule = rule

    def gettext(self, message: str) -> str:
        """The message by the rule."""
        return self._rule(message)

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        """As English counts."""
        return self._rule(msgid1 if n == 1 else msgid2)

    def pgettext(self, context: str, message: str) -> str:  # noqa: ARG002  # gettext's signature
        """The message by the rule, whatever its context."""
        return self._rule(message)


def accented(message: str) -> str:
    """[Åççéñţš, brackets, and two fifths more length one two]."""
    letters = sum(len(part) for part in _VALUE.split(message)[::2])
    filling = (_FILLING * (letters // 100 + 1))[: letters * 2 // 5].rstrip()
    return f"[{_outside_values(message, lambda part: part.translate(_ACCENTS))}{filling}]"


def mirrored(message: str) -> str:
    """English words that run from right to left."""
    turn = f"{_MARK}{_OVERRIDE}\\g<0>{_POP}{_MARK}"
    return _outside_values(message, lambda part: _WORD.sub(turn, part))


def _outside_values(message: str, change: Callable[[str], str]) -> str:
    parts = _VALUE.split(message)
    return "".join(part if odd % 2 else change(part) for odd, part in enumerate(parts))


MADE: Mapping[str, NullTranslations] = MappingProxyType({"en-XA": Pseudo(accented), "ar-XB": Pseudo(mirrored)})
