"""Which fields differ between two versions of an object, told in short. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import msgspec

from basefly.core.history.model import Field

TOLD = 12  # fields that are told of one change
LONGEST = 160  # characters of a value that is told
_PLAIN = re.compile(r"[A-Za-z0-9_-]+")


def fields(before: Any, after: Any) -> list[Field]:
    """Every field that differs, in the order of the later version."""
    return list(_fields(before, after, ""))


def _fields(before: Any, after: Any, path: str) -> Iterator[Field]:
    if before == after:
        return
    left, right = _members(before), _members(after)
    if left is not None and right is not None:
        for key in [*right, *(key for key in left if key not in right)]:
            yield from _fields(left.get(key), right.get(key), _step(path, key))
    elif (left is None and before is not None) or (right is None and after is not None) or not (left or right):
        yield Field(path, _short(before), _short(after))
    else:  # it came or went as a whole: what is in it says more than that
        whole = right if right is not None else left or {}
        for key, value in whole.items():
            went, came = (value, None) if after is None else (None, value)
            yield from _fields(went, came, _step(path, key))


def _members(value: Any) -> dict[str, Any] | None:
    """What has members with names: an object, or a list whose members each have a name of their own."""
    if isinstance(value, dict):
        return value
    if not isinstance(value, list) or not value:
        return None
    names = [each.get("name") if isinstance(each, dict) else None for each in value]
    if all(isinstance(name, str) for name in names) and len(set(names)) == len(names):
        return {f"[{name}]": each for name, each in zip(names, value, strict=True)}
    return None


def _step(path: str, key: str) -> str:
    if key.startswith("["):
        return f"{path}{key}"
    if not _PLAIN.fullmatch(key):
        return f"{path}[{key}]"
    return f"{path}.{key}" if path else key


def _short(value: Any) -> str | None:
    if value is None:
        return None
    text = value if isinstance(value, str) else msgspec.json.encode(value).decode()
    text = text.replace("\0", "\ufffd")
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"
