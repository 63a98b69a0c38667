"""What an error page says beyond the error: the way back, who can grant what is missing, what was perhaps meant."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from difflib import SequenceMatcher
from typing import Any
from urllib.parse import unquote, urlencode

import msgspec
import structlog

from basefly.base.db.paging import WrongCursor
from basefly.base.db.transaction import Tx
from basefly.base.errors import BaseflyError, Denied, NotFound
from basefly.base.principal import Principal
from basefly.base.slice import Nav, Permissions
from basefly.base.web import Request
from basefly.base.web.language import t
from basefly.core.access import store as access
from basefly.core.access.actions import authenticate
from basefly.core.clusters import store as clusters
from basefly.core.inventory.answers import READ

GRANTING = ("owner", "admin")
NEAR = 0.7  # how alike two words must be, from 0 to 1
MOST = 5

log = structlog.get_logger(__name__)


class Guess(msgspec.Struct, frozen=True, order=True):
    """A page that was perhaps meant, the likeliest first."""

    unlike: float
    label: str
    href: str


async def explain(request: Request, error: BaseflyError) -> Mapping[str, Any]:
    """What the page of this error may add. It never fails: an error page must come, whatever else is broken."""
    try:
        return await _explain(request, error)
    except Exception:
        log.exception("an error could not be explained", code=error.code)
        return {}


async def _explain(request: Request, error: BaseflyError) -> Mapping[str, Any]:
    by = request.by or await _signed_in(request)
    if by is None:
        return {}
    section = _section(request)
    told = {"section": section, "sent": request.method != "GET", "first": _first(request, error)}
    if not isinstance(error, Denied | NotFound):
        return told
    async with request.house.db.transaction(by.org_id) as tx:
        if isinstance(error, Denied):
            lacking = await missing(request, tx, by, str(error.extra.get("permission", "")))
            return {**told, **lacking, "explanation": str(error.extra.get("explanation", ""))}
        return {**told, "guesses": await _guesses(request, tx, by, section)}


def _lines(request: Request) -> list[Nav]:
    """The lines of the menu, as far as this person has them."""
    return [line for line in request.plugs.shell(request).get("nav", ()) if line.href != "/"]


def _section(request: Request) -> Nav | None:
    """The part of the menu that the address belongs to, the narrowest; None for an address outside of all."""
    path = f"{request.url.path}/"
    around = [line for line in _lines(request) if path.startswith(f"{line.href}/")]
    return max(around, key=lambda line: len(line.href), default=None)


def _first(request: Request, error: BaseflyError) -> str:
    """Where the list begins whose page was asked for by a cursor that leads nowhere; "" for any other error."""
    if not isinstance(error, WrongCursor):
        return ""
    kept = urlencode([pair for pair in request.query_params.multi_items() if pair[0] != "cursor"])
    return request.url.path + (f"?{kept}" if kept else "")


async def _signed_in(request: Request) -> Principal | None:
    """Who asks, where no route has asked yet: so that an address that leads nowhere has the frame around it."""
    try:
        by = await authenticate(request, touch=False)
    except BaseflyError:
        return None
    request.scope["user"] = by
    return by


async def missing(request: Request, tx: Tx, by: Principal, permission: str) -> Mapping[str, Any]:
    """What someone lacks, the role that they have, and who could give it."""
    membership = await access.get_membership(tx, by.user_id)
    members = await access.page_members(tx)
    known: Mapping[str, str] = request.house.get(Permissions)
    return {
        "permission": permission,
        "allows": known.get(permission, ""),
        "role": membership.role if membership else "",
        "granting": [member for member in members if member.role in GRANTING and member.id != by.user_id][:MOST],
    }


async def _guesses(request: Request, tx: Tx, by: Principal, section: Nav | None) -> list[Guess]:
    """Within a section the section was meant: there only a cluster's name can be mistaken for its id."""
    words = [unquote(word).lower() for word in request.url.path.split("/") if word]
    if not words or (section and section.href != "/clusters"):
        return []
    scope = by.scope(READ)
    known = [] if section else [(t(line.label), line.href, line.href.strip("/")) for line in _lines(request)]
    known += [(c.name, f"/clusters/{c.id}", c.name.lower()) for c in await clusters.get_states(tx) if scope.sees(c.id)]
    return nearest(words, known)


def nearest(words: Iterable[str], known: Iterable[tuple[str, str, str]]) -> list[Guess]:
    """Of known pages (label, address, the word they go by) those most like any of the words."""
    found = [
        Guess(1 - max(SequenceMatcher(None, word, name).ratio() for word in words), label, href)
        for label, href, name in known
    ]
    return sorted(guess for guess in found if guess.unlike <= 1 - NEAR)[:MOST]
