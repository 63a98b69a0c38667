"""Which languages there are, and which of them a browser asks for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Language:
    """One language: its BCP 47 tag, its own name, CLDR's name of it, and the direction it is written in."""

    tag: str
    name: str
    cldr: str
    direction: str = "ltr"


ENGLISH = Language("en", "English", "en")
LANGUAGES = (ENGLISH, Language("de", "Deutsch", "de"), Language("zh-Hans", "简体中文", "zh_Hans"))
PSEUDO = (
    Language("en-XA", "Éñĝļîšĥ", "en"),
    Language("ar-XB", "Mirrored", "en", "rtl"),
)  # to find what is not translated

_BY_TAG = {language.tag.lower(): language for language in (*LANGUAGES, *PSEUDO)}
# What browsers call simplified Chinese. Traditional Chinese is another script: its readers get their next choice.
_SIMPLIFIED = {"zh", "zh-cn", "zh-sg", "zh-my", "zh-hans"}


def known(tag: str) -> Language | None:
    """The language with exactly this tag, the pseudo languages among them."""
    return _BY_TAG.get(tag.lower())


def accepted(header: str) -> Language | None:
    """The best of ours for an Accept-Language header (RFC 9110, 12.5.4); None when it names none of them."""
    for tag in _preferred(header):
        if tag in _SIMPLIFIED or tag.startswith("zh-hans-"):
            return _BY_TAG["zh-hans"]
        if (language := _BY_TAG.get(tag.partition("-")[0])) is not None:
            return language
    return None


def _preferred(header: str) -> list[str]:
    """The header's tags, the most wanted first; those that are not wanted at all are left out."""
    ranked = sorted(_weighed(header), key=lambda pair: -pair[0])
    return [tag for weight, tag in ranked if weight > 0]


def _weighed(header: str) -> Iterator[tuple[float, str]]:
    for part in header[:1000].split(","):
        tag, _, weight = part.partition(";")
        _, _, figure = weight.partition("=")
        try:
            yield float(figure or 1), tag.strip().lower()
        except ValueError:
            continue
