"""What a saved view is: a name for the address of a page that has a state, and the rules of both."""

from __future__ import annotations

import re
from datetime import datetime
from urllib.parse import parse_qsl, urlencode, urlsplit
from uuid import UUID

import msgspec

from basefly.base.errors import FieldError, Invalid

LONGEST_NAME = 100
LONGEST_ADDRESS = 4000
FLEETING = frozenset({"cursor", "open", "selected"})  # where one stands on a page is no part of a view
_PAGES = re.compile(
    r"/(?:pods|nodes|events|workloads|images|namespaces|clusters|search|workloads/[\w.-]+|objects/[\w.-]+)?"
)


class View(msgspec.Struct, frozen=True, kw_only=True):
    """A saved view. `mine`: whoever asks made it; `default`: their list of this path opens with it."""

    id: UUID
    name: str
    address: str
    shared: bool
    mine: bool
    owner: str
    default: bool
    created_at: datetime

    @property
    def path(self) -> str:
        return self.address.partition("?")[0]


def name(text: str) -> str:
    """A view's name, tidied. Raises Invalid."""
    tidy = " ".join(text.split())
    if not tidy or len(tidy) > LONGEST_NAME or not tidy.isprintable():
        raise _wrong("/name", f"A name has 1 to {LONGEST_NAME} printable characters.", "Give the view a short name.")
    return tidy


def address(text: str) -> str:
    """The address of a list of ours, without what is fleeting. Raises Invalid for any other: no link leads away."""
    parts = urlsplit(text) if text.isprintable() and "\\" not in text else urlsplit("")
    ours = text.startswith("/") and not text.startswith("//") and not (parts.scheme or parts.netloc)
    if not ours or not _PAGES.fullmatch(parts.path):
        raise _wrong("/address", "Only the address of a list can be saved.", "Open the list, and save it from there.")
    query = urlencode([(name, value) for name, value in parse_qsl(parts.query) if name not in FLEETING])
    tidy = f"{parts.path}?{query}" if query else parts.path
    if len(tidy) > LONGEST_ADDRESS:
        raise _wrong("/address", f"An address has at most {LONGEST_ADDRESS} characters.", "Filter by fewer values.")
    return tidy


def _wrong(pointer: str, detail: str, cure: str) -> Invalid:
    return Invalid(detail, errors=(FieldError(pointer, detail),), cure=cure)
