"""Labels and annotations as people write them, and what Kubernetes takes as their keys and values. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Literal

from basefly.base.errors import FieldError, Invalid

Section = Literal["labels", "annotations"]

MOST_ANNOTATIONS = 256 * 1024  # bytes of all annotations of an object
_NAME = re.compile(r"[A-Za-z0-9](?:[-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?")
_PREFIX = re.compile(r"[a-z0-9](?:[-a-z0-9]*[a-z0-9])?(?:\.[a-z0-9](?:[-a-z0-9]*[a-z0-9])?)*")
_LONGEST_PREFIX = 253
_CURE = "Write key=value, or key- to remove it."
_RULE = "Names and values have at most 63 letters, digits, dots, dashes and underscores, at each end a letter or digit."


def parse(words: Iterable[str]) -> dict[str, str | None]:
    """`key=value` sets one, `key-` takes one away, as kubectl reads them. Raises Invalid."""
    changes: dict[str, str | None] = {}
    for word in (word.strip() for word in words):
        key, sign, value = word.partition("=")
        if not sign and not word.endswith("-"):
            raise _wrong(f"{word!r} says neither which value nor that it goes.", _CURE)
        changes[key if sign else word[:-1]] = value if sign else None
    return changes


def checked(section: Section, changes: Mapping[str, str | None]) -> dict[str, str | None]:
    """The changes, if a cluster would take them. Raises Invalid with the first that it would not."""
    if not changes:
        raise _wrong(f"Say which {section}.", _CURE)
    for key, value in changes.items():
        prefix, slash, name = key.rpartition("/")
        if not _NAME.fullmatch(name):
            raise _wrong(f"{key!r} is no key of {section}.", _RULE)
        if slash and not (_PREFIX.fullmatch(prefix) and len(prefix) <= _LONGEST_PREFIX):
            raise _wrong(f"{key!r} is no key of {section}.", "What stands before the slash must be a domain name.")
        if section == "labels" and value and not _NAME.fullmatch(value):
            raise _wrong(f"{key} cannot be {value!r}.", _RULE)
    if sum(len(f"{key}{value or ''}".encode()) for key, value in changes.items()) > MOST_ANNOTATIONS:
        kibibytes = MOST_ANNOTATIONS // 1024
        raise _wrong(f"All {section} together are too long.", f"An object takes {kibibytes} KiB of them.")
    return dict(changes)


def _wrong(detail: str, cure: str) -> Invalid:
    return Invalid(detail, errors=(FieldError("/changes", detail),), cure=cure)
