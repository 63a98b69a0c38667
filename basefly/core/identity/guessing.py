"""How soon a password would be guessed: by the 30,000 most frequent of the breached ones, and by an estimate.

Both come with zxcvbn, which is loaded when the first password is chosen: it has megabytes of words.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache

GUESSES = 10**8  # fewer than these, and it falls to whoever has the hash of it, in seconds
_LOOKED_AT = 40  # characters: the estimate's work grows with their square, and so many words are enough
_AROUND = "0123456789!?.,-_*#@$%&+ "  # "Password2026!" is "password" to whoever guesses
_OURS = ("basefly", "kubernetes", "cluster", "password")


def easy(password: str, *, own: Iterable[str] = ()) -> bool:
    """Whether it is among the first that anyone would try; `own` are words of the person's own."""
    plain = "".join(password.lower().split())
    word = plain.strip(_AROUND)
    words = {part for part in (each.strip().lower() for each in own) if len(part) > 2}
    if len(set(plain)) < 5 or not word or {plain, word} & (_frequent() | words):
        return True
    return _guesses(password[:_LOOKED_AT], sorted(words | set(_OURS))) < GUESSES


@cache
def _frequent() -> frozenset[str]:
    from zxcvbn.frequency_lists import FREQUENCY_LISTS

    return frozenset(FREQUENCY_LISTS["passwords"])


def _guesses(password: str, words: list[str]) -> int:
    from zxcvbn import zxcvbn

    return int(zxcvbn(password, user_inputs=words)["guesses"])  # type: ignore[no-untyped-call]  # it has no types
