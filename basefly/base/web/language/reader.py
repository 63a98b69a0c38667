"""Who reads: their language and their time zone, for as long as a request lasts."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from basefly.base.web.language.languages import ENGLISH, Language, accepted, known


class Reader(NamedTuple):
    """The language of texts, and the zone in which times are told."""

    language: Language = ENGLISH
    zone: ZoneInfo = ZoneInfo("UTC")


NOBODY = Reader()

_CONTINENTS = frozenset("Africa America Antarctica Arctic Asia Atlantic Australia Europe Indian Pacific".split())

_READER: ContextVar[Reader] = ContextVar("basefly_reader", default=NOBODY)


def current() -> Reader:
    """Who reads here."""
    return _READER.get()


@contextmanager
def reading(language: str = "", zone: str = "", *, accept: str = "") -> Iterator[None]:
    """Let texts be made for this reader until the body ends; what is empty or unknown is as for everyone.

    `accept` is an Accept-Language header, which counts when `language` says nothing.
    """
    token = _READER.set(Reader(known(language) or accepted(accept) or ENGLISH, zone_named(zone) or NOBODY.zone))
    try:
        yield
    finally:
        _READER.reset(token)


def prefer(language: str, zone: str) -> None:
    """From here on, this language and this zone, each where it is known and not empty."""
    now = current()
    _READER.set(Reader(known(language) or now.language, zone_named(zone) or now.zone))


@lru_cache(256)
def zone_named(name: str) -> ZoneInfo | None:
    """The time zone of this IANA name; None for what is none."""
    if not name or len(name) > 64:
        return None
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


@lru_cache(1)
def zones() -> list[str]:
    """The names of time zones that one may choose: places, in order, without the old spellings."""
    return sorted(name for name in available_timezones() if name.partition("/")[0] in _CONTINENTS)
