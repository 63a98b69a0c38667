"""The page behind the palette: what a search found, by kind, and the gallery of the parts that pages are made of."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from urllib.parse import urlencode

import msgspec

from basefly.base.db.transaction import Tx
from basefly.base.errors import Invalid, NotFound
from basefly.base.principal import Principal
from basefly.base.runtime.house import House
from basefly.base.web import SIGNED_IN, Request, Response, get, render
from basefly.console import gallery
from basefly.core.inventory import answers
from basefly.core.inventory.answers import READ
from basefly.core.inventory.display.address import list_path, object_path
from basefly.core.inventory.display.words import title_of
from basefly.core.inventory.model import InventoryObject
from basefly.core.lists.kept import Kept

FOUND_AT_MOST = 200
SHOWN = 8  # of one kind


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """What was found of one kind: the best of it, how many there are, and the list of them all."""

    resource: str
    title: str
    count: int
    more: bool
    href: str
    items: list[tuple[InventoryObject, str]]


@get("/search", permission=READ, replica=True, include_in_schema=False)
async def show_search(request: Request, tx: Tx, by: Principal, house: House) -> Response[str]:
    """What a search found, as a page."""
    text = request.query_params.get("q", "").strip()
    answer, mistake = None, None
    if text:
        try:
            answer, _ = await house.get(Kept).of(tx, by, answers.search, text, FOUND_AT_MOST)
        except (Invalid, NotFound) as error:
            mistake = error
    items = answer.items if answer else []
    return render(
        request,
        "console/fleet/search.html",
        text=text,
        answer=answer,
        mistake=mistake,
        groups=by_kind(items, text),
        found=len(items) + (len(answer.clusters) if answer else 0),
        more=len(items) == FOUND_AT_MOST,
        missing=answer.missing if answer else [],
        examples=("kind:pod status:CrashLoopBackOff", "ns:kube-system dns", "cluster:prod kind:node", "label:app=web"),
    )


def by_kind(items: Sequence[InventoryObject], text: str) -> list[Found]:
    """Results by kind: the kind of the best result first, and what has exactly that name first within each."""
    place = {resource: at for at, resource in reversed(list(enumerate(item.resource for item in items)))}
    ordered = sorted(items, key=lambda item: (place[item.resource], item.name != text))
    return [_found(resource, list(group), items, text) for resource, group in groupby(ordered, lambda i: i.resource)]


def _found(resource: str, group: list[InventoryObject], items: Sequence[InventoryObject], text: str) -> Found:
    return Found(
        resource=resource,
        title=title_of(group[0].kind),
        count=len(group),
        more=len(items) == FOUND_AT_MOST,
        href=f"{list_path(resource)}?{urlencode({'q': text})}" if ":" not in text else "",
        items=[(one, object_path(one.cluster.id, one.resource, one.namespace, one.name)) for one in group[:SHOWN]],
    )


@get("/gallery", permission=SIGNED_IN, include_in_schema=False)
async def show_gallery(request: Request) -> Response[str]:
    """Every part of the pages in all its states, for those who build pages and for the tests that look at them."""
    return render(request, "console/gallery.html", **gallery.fixtures())


@get("/gallery/states", permission=SIGNED_IN, include_in_schema=False)
async def show_states(request: Request) -> Response[str]:
    """Every state that a page can be in."""
    return render(request, "console/gallery/states.html", **gallery.states())


HANDLERS = (show_search, show_gallery, show_states)
