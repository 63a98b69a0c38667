"""Cursors of keyset pages: where the last row stood, opaque to whoever carries it."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from typing import Any, TypeVar

import msgspec

from basefly.base.errors import Invalid

T = TypeVar("T")

LIMIT = 4096  # characters; names of Kubernetes have at most 253


def encode(values: Sequence[Any]) -> str:
    """A cursor for the sort key of the last row shown. Times, UUIDs and decimals travel as their JSON text."""
    return base64.urlsafe_b64encode(msgspec.json.encode(values)).decode().rstrip("=")


class WrongCursor(Invalid):
    """A cursor that no list gave, or not this one."""

    def __init__(self) -> None:
        super().__init__(
            "The cursor is not one that this list gave.",
            cure="Take `next` of the page before, unchanged, or leave it out.",
        )


def decode(text: str, length: int | None = None) -> list[Any]:
    """The values of a cursor, as JSON has them; raises WrongCursor for what `encode` never made, or not `length` long.

    A cursor is no proof of anything: whoever reads it still filters by what the asker may see.
    """
    try:
        if len(text) > LIMIT:
            raise ValueError
        values = msgspec.json.decode(base64.b64decode(text + "=" * (-len(text) % 4), b"-_", validate=True), type=list)
        if length is not None and len(values) != length:
            raise ValueError
    except (ValueError, binascii.Error, msgspec.DecodeError, RecursionError) as error:
        raise WrongCursor from error
    return values


def key(text: str, into: type[T]) -> T | None:
    """The sort key that a cursor holds, as this type of tuple; None where there is no cursor. Raises WrongCursor."""
    try:
        return msgspec.convert(decode(text), into) if text else None
    except msgspec.ValidationError as error:
        raise WrongCursor from error
