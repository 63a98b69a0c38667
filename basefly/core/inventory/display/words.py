"""Kinds in words: over a list, and in a sentence."""

from __future__ import annotations

from basefly.base.web.language import current, tn
from basefly.base.web.language.languages import ENGLISH


def title_of(kind: str) -> str:
    """A kind's name over a list of it."""
    return (words := counted(kind, 2))[:1].upper() + words[1:]


def counted(kind: str, count: int) -> str:
    """A kind's name after its number: 3 network policies; other languages leave its name whole, 3 NetworkPolicies."""
    if current().language is ENGLISH:
        return plural(kind, count)
    return tn("{kind}", "{kinds}", count, kind=kind, kinds=_many(kind))


def plural(kind: str, count: int = 2) -> str:
    """A kind's name in an English sentence: Pod → pods, NetworkPolicy → network policies."""
    words = "".join(
        f" {c.lower()}" if c.isupper() and i and not kind[i - 1].isupper() else c for i, c in enumerate(kind)
    )
    word = words if words[:2].isupper() else words[:1].lower() + words[1:]
    return word if count == 1 else _many(word)


def _many(word: str) -> str:
    if word.endswith("y") and word[-2:-1] not in "aeiou":
        return f"{word[:-1]}ies"
    if word.endswith("s") and not word.endswith("ss"):
        return word
    return f"{word}es" if word.endswith(("ss", "x", "ch")) else f"{word}s"
