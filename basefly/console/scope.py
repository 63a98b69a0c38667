"""Scope: which clusters and namespaces someone looks at. It lives in the address and goes along from page to page."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from urllib.parse import parse_qsl, urlencode, urlsplit

import msgspec

from basefly.base.db.transaction import Tx
from basefly.base.principal import Principal
from basefly.base.web.language import t, tn
from basefly.core.clusters.model import ClusterState
from basefly.core.clusters.selection import traits
from basefly.core.inventory.sight import READ, visible_clusters
from basefly.core.inventory.store import rollups

PAGE = "/scope"
PARAMETERS = ("cluster", "set", "namespace")
_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
MOST = 50  # of a kind offered at once; a search finds the others


class Bar(msgspec.Struct, frozen=True):
    """What the header shows: the scope in words, and as a query to add to the addresses of other pages ("" for all)."""

    clusters: str
    namespaces: str
    query: str
    at: str


class Offer(msgspec.Struct, frozen=True):
    """Something to choose: its value, what is said beside it, and whether it is chosen."""

    value: str
    note: str
    chosen: bool


class Choices(msgspec.Struct, frozen=True):
    """What there is to choose from, and how many of each are left out."""

    clusters: list[Offer]
    more_clusters: int
    sets: list[Offer]
    more_sets: int
    namespaces: list[Offer]
    more_namespaces: int


def bar(path: str, query: str) -> Bar:
    """The scope of an address."""
    pairs = parse_qsl(query)
    given = {name: [value for each, value in pairs if each == name and value] for name in PARAMETERS}
    kept = urlencode([(name, value) for name in PARAMETERS for value in given[name]])
    if path == PAGE:  # where one chooses is no place to come back to
        to = destination(next((value for name, value in pairs if name == "at"), "/"))
        chosen = [(name, value) for name, values in to.chosen.items() for value in values]
        return bar("/" if to.path == PAGE else to.path, urlencode([*chosen, *to.kept]))
    return Bar(
        clusters=_words(given["cluster"] or given["set"], "{n} cluster", "{n} clusters") or t("All clusters"),
        namespaces=_words(given["namespace"], "{n} namespace", "{n} namespaces") or t("All namespaces"),
        query=f"?{kept}" if kept else "",
        at=f"{path}?{query}" if query else path,
    )


def _words(values: Sequence[str], one: str, many: str) -> str:
    """What is chosen: its name, or how many; an id tells people nothing."""
    if len(values) == 1 and not _ID.fullmatch(values[0]):
        return values[0]
    return tn(one, many, len(values)) if values else ""


class Destination(msgspec.Struct, frozen=True):
    """Where a choice leads: a path of ours, what its address says of the scope, and everything else that it says."""

    path: str
    chosen: dict[str, list[str]]
    kept: list[tuple[str, str]]


def destination(at: str) -> Destination:
    """Read an address; one that is not a path of ours leads to the first page."""
    parts = urlsplit(at)
    ours = at.startswith("/") and not at.startswith(("//", "/\\")) and not parts.netloc and at.isprintable()
    pairs = parse_qsl(parts.query) if ours else []
    return Destination(
        path=parts.path if ours else "/",
        chosen={name: [value for each, value in pairs if each == name] for name in PARAMETERS},
        kept=[(name, value) for name, value in pairs if name not in (*PARAMETERS, "cursor", "open")],
    )


async def choices(tx: Tx, by: Principal, chosen: dict[str, list[str]], find: str) -> Choices:
    """Clusters, sets and namespaces in sight whose name contains `find`, the chosen ones always."""
    found = await visible_clusters(tx, by)
    sets = Counter(f"{name}={value}" for cluster in found for name, value in traits(cluster).items())
    counts = await rollups.count_namespaces(tx, by.scope(READ), [c.id for c in found])
    clusters, more_clusters = _offers({c.name: _told(c) for c in found}, chosen["cluster"], find)
    picked = _offers(
        {text: tn("{n} cluster", "{n} clusters", n) for text, n in sets.most_common()}, chosen["set"], find
    )
    spaces = _offers(
        {name: tn("{n} pod", "{n} pods", count) for name, count in counts.items()}, chosen["namespace"], find
    )
    return Choices(clusters, more_clusters, *picked, *spaces)


def _told(cluster: ClusterState) -> str:
    health = {"healthy": t("Healthy"), "degraded": t("Degraded"), "unreachable": t("Unreachable")}
    return " · ".join(part for part in (cluster.region, health.get(cluster.health, t("Unknown"))) if part)


def _offers(known: dict[str, str], chosen: Sequence[str], find: str) -> tuple[list[Offer], int]:
    wanted = [name for name in known if find.lower() in name.lower() and name not in chosen]
    offered = [*chosen, *wanted[:MOST]]
    return [Offer(name, known.get(name, ""), name in chosen) for name in offered], max(0, len(wanted) - MOST)
