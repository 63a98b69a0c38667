"""Pages over several subjects: the overview, the search, and the gallery of the parts that pages are made of."""

from __future__ import annotations

from itertools import groupby
from urllib.parse import urlencode

import msgspec

from basefly.base.db.transaction import Tx
from basefly.base.errors import Invalid
from basefly.base.principal import Principal
from basefly.base.web import SIGNED_IN, Request, Response, get, render
from basefly.console import gallery
from basefly.console.overview import Attention, ClusterTally, Overview, Tally, get_overview
from basefly.core.inventory import answers
from basefly.core.inventory.answers import READ
from basefly.core.inventory.display.address import list_path, object_path

FOUND_AT_MOST = 50
ATTENTION_SHOWN = 8
NOWHERE = "Region not known"
TILES = (
    ("nodes", "Nodes", "server"),
    ("pods", "Pods", "box"),
    ("deployments.apps", "Deployments", "layers"),
    ("statefulsets.apps", "Stateful sets", "database"),
    ("daemonsets.apps", "Daemon sets", "blocks"),
    ("services", "Services", "network"),
)


class Tile(msgspec.Struct, frozen=True):
    """A key figure and where it leads."""

    label: str
    icon: str
    href: str
    tally: Tally


class Pointer(msgspec.Struct, frozen=True):
    """Something that needs attention, and where to look at it."""

    severity: str
    title: str
    detail: str
    href: str


@get("/", permission=READ, include_in_schema=False)
async def show_overview(request: Request, tx: Tx, by: Principal) -> Response[str]:
    """The fleet at a glance."""
    overview = await get_overview(tx, by)
    tallies = {tally.resource: tally for tally in overview.tallies}
    tiles = [Tile(label, icon, list_path(name), tallies[name]) for name, label, icon in TILES]
    return render(
        request,
        "console/overview.html",
        overview=overview,
        said=said(overview),
        attention=[_pointer(one) for one in overview.attention[:ATTENTION_SHOWN]],
        more=max(0, len(overview.attention) - ATTENTION_SHOWN),
        tiles=tiles,
        regions=by_region(overview.clusters),
    )


def said(overview: Overview) -> str:
    """The fleet in a sentence."""
    clusters = len(overview.clusters)
    regions = len({cluster.region for cluster in overview.clusters if cluster.region})
    if not clusters:
        return ""
    counted = "1 cluster" if clusters == 1 else f"{clusters:,} clusters"
    return counted if not regions else f"{counted} in {'1 region' if regions == 1 else f'{regions:,} regions'}"


def by_region(clusters: list[ClusterTally]) -> list[tuple[str, list[ClusterTally]]]:
    """Clusters by region, those without one last; the sick first within each."""
    sick = {"unreachable": 0, "degraded": 1}
    ordered = sorted(clusters, key=lambda c: (not c.region, c.region, sick.get(c.health, 2), c.name))
    return [(region or NOWHERE, list(group)) for region, group in groupby(ordered, key=lambda c: c.region)]


def _pointer(one: Attention) -> Pointer:
    href = f"/clusters/{one.cluster.id}"
    if one.resource:
        query = [("cluster", one.cluster.name), ("status", one.status), ("health", "bad")]
        href = f"{list_path(one.resource)}?{urlencode([(name, value) for name, value in query if value])}"
    return Pointer(one.severity, one.title, one.detail, href)


@get("/search", permission=READ, include_in_schema=False)
async def show_search(request: Request, tx: Tx, by: Principal) -> Response[str]:
    """What a search found, as a page."""
    text = request.query_params.get("q", "").strip()
    answer, mistake = None, None
    if text:
        try:
            answer = await answers.search(tx, by, text, FOUND_AT_MOST)
        except Invalid as error:
            mistake = error
    items = answer.items if answer else []
    return render(
        request,
        "console/search.html",
        text=text,
        answer=answer,
        mistake=mistake,
        items=[(one, object_path(one.cluster.id, one.resource, one.namespace, one.name)) for one in items],
        found=len(items) + (len(answer.clusters) if answer else 0),
        more=len(items) == FOUND_AT_MOST,
    )


@get("/gallery", permission=SIGNED_IN, include_in_schema=False)
async def show_gallery(request: Request) -> Response[str]:
    """Every part of the pages in all its states, for those who build pages and for the tests that look at them."""
    return render(request, "console/gallery.html", **gallery.fixtures())


HANDLERS = (show_overview, show_search, show_gallery)
