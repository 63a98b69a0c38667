"""Images for people: one line a repository, which unfolds into tags, digests and places."""

from __future__ import annotations

from typing import cast, get_args

import msgspec

from basefly.base.db.transaction import Tx
from basefly.base.principal import Principal
from basefly.base.runtime.house import House
from basefly.base.web import Request, Response, get, render
from basefly.base.web.language import t, tn
from basefly.core.inventory.answers import READ, visible_clusters
from basefly.core.inventory.display.address import Address
from basefly.core.lists.kept import Kept, oldest
from basefly.features.images import answers
from basefly.features.images.answers import RESOURCES, ImageRequest
from basefly.features.images.model import Only, Repository, Use

FILTERS = ("q", "cluster", "namespace", "registry", "only")


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """A repository as a row, its registry apart from its name; `uses` are there when it is unfolded."""

    repository: Repository
    registry: str
    name: str
    href: str
    open: bool
    uses: list[Use]


@get("/images", permission=READ, replica=True, include_in_schema=False)
async def show_images(request: Request, tx: Tx, by: Principal, house: House) -> Response[str]:
    """Every image that runs in the fleet."""
    asked = _asked(request)
    kept = house.get(Kept)
    (page, coverage), slow = await kept.of(tx, by, answers.list_images, asked, oldest=oldest(request, "list"))
    registries, _ = await kept.of(tx, by, answers.list_registries)
    every = await visible_clusters(tx, by)
    address = Address(request.url.path, tuple(request.query_params.multi_items()))
    opened = request.query_params.get("open", "")
    uses = await answers.list_uses(tx, by, asked, opened) if opened else []
    lines = [_line(one, address, opened, uses) for one in page.items]
    return render(
        request,
        "images/list.html",
        page=page,
        slow=slow,
        asked=asked,
        lines=lines,
        notes=any(one.drifting or one.floating for one in page.items),
        said=_said(len(lines), whole=not (asked.cursor or page.next)),
        connected=bool(every),
        clusters=[(one.name, one.name) for one in every],
        registries=[(one, one) for one in registries],
        choices=[("latest", t("Latest or untagged")), ("drift", t("Several digests for one tag"))],
        filtered=[name for name in FILTERS if getattr(asked, name)],
        first=address.having() if asked.cursor else "",
        following=address.having(cursor=page.next) if page.next else "",
        topics=coverage.topics(*RESOURCES),
    )


def _asked(request: Request) -> ImageRequest:
    query = request.query_params
    only = query.get("only", "")
    return ImageRequest(
        cluster=tuple(word for word in query.getall("cluster", []) if word),
        namespace=tuple(word for word in query.getall("namespace", []) if word),
        q=query.get("q", ""),
        registry=query.get("registry", ""),
        only=cast("Only", only) if only in get_args(Only) else "",
        cursor=query.get("cursor", ""),
    )


def _line(one: Repository, address: Address, opened: str, uses: list[Use]) -> Line:
    unfolded = one.repository == opened
    cursor = dict(address.query).get("cursor", "")
    href = address.having(open="" if unfolded else one.repository, cursor=cursor)
    registry, _, name = one.repository.partition("/")
    if not name or not ("." in registry or ":" in registry or registry == "localhost"):
        registry, name = "", one.repository  # as docker has it: what is no host belongs to the name
    return Line(repository=one, registry=registry, name=name, href=href, open=unfolded, uses=uses if unfolded else [])


def _said(count: int, *, whole: bool) -> str:
    return tn("{n} image", "{n} images", count) if whole else t("{n} images on this page", n=count)


HANDLERS = (show_images,)
