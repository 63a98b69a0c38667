"""The overview: what is wrong, the figures, the clusters by health, and what happened lately."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from urllib.parse import urlencode

import msgspec

from basefly.base.db.transaction import Tx
from basefly.base.principal import Principal
from basefly.base.runtime.house import House
from basefly.base.web import SIGNED_IN, Request, Response, get, render
from basefly.base.web.language import t, tn
from basefly.console import excuses, happenings
from basefly.console.capacity import Capacities
from basefly.console.overview import ClusterTally, Overview, Tally, get_overview
from basefly.core.inventory.answers import READ, visible_clusters
from basefly.core.inventory.display.address import list_path
from basefly.core.lists.kept import Kept, oldest

PROBLEMS_SHOWN = 5
ALL_PROBLEMS = 200
TILES = ("nodes", "pods", "deployments.apps", "statefulsets.apps", "daemonsets.apps", "services")
GROUPS = ("region", "env", "provider", "version")
ENVIRONMENT = ("env", "environment", "stage", "app.kubernetes.io/environment")  # labels that say what a cluster is for


EACH_SHOWN = 200  # clusters; of more than these, the healthy ones of a group are one tile together


class Row(msgspec.Struct, frozen=True):
    """A group of clusters: those that have a tile each, and how many healthy ones share one, which leads to `href`."""

    name: str
    clusters: list[ClusterTally]
    healthy: int = 0
    href: str = ""


class Tile(msgspec.Struct, frozen=True):
    """A key figure and where it leads."""

    label: str
    icon: str
    href: str
    tally: Tally


@get("/", permission=SIGNED_IN, replica=True, include_in_schema=False)
async def show_overview(request: Request, tx: Tx, by: Principal, house: House) -> Response[str]:
    """The fleet at a glance. It is where everybody lands: whoever may see nothing of it reads what they may do."""
    if not by.may(READ):
        return render(request, "console/fleet/welcome.html", **await excuses.missing(request, tx, by, READ))
    overview, slow = await house.get(Kept).of(tx, by, get_overview, oldest=oldest(request, "overview"))
    clusters = await visible_clusters(tx, by)
    asked = request.query_params
    group = group if (group := asked.get("group", "")) in GROUPS else GROUPS[0]
    every = asked.get("problems") == "all"
    shown = overview.problems[: ALL_PROBLEMS if every else PROBLEMS_SHOWN]
    return render(
        request,
        "console/fleet/overview.html",
        overview=overview,
        slow=slow,
        said=said(overview),
        problems=shown,
        more=len(overview.problems) - len(shown),
        tiles=tiles(overview),
        usage=await house.get(Capacities).of(tx, by, [c.id for c in clusters]),
        group=group,
        groups=[(name, _title(name), f"/?group={name}") for name in GROUPS],
        rows=grouped(overview.clusters, group),
        changes=await happenings.get_changes(tx, by, clusters) if clusters else [],
        warnings=await happenings.get_warnings(tx, by, clusters) if clusters else [],
    )


def said(overview: Overview) -> str:
    """The fleet in a sentence."""
    clusters = len(overview.clusters)
    regions = len({cluster.region for cluster in overview.clusters if cluster.region})
    if not clusters:
        return ""
    counted = tn("{n} cluster", "{n} clusters", clusters)
    if not regions:
        return counted
    return t("{clusters} in {regions}", clusters=counted, regions=tn("{n} region", "{n} regions", regions))


def tiles(overview: Overview) -> list[Tile]:
    """The key figures."""
    words = {
        "nodes": (t("Nodes"), "server"),
        "pods": (t("Pods"), "box"),
        "deployments.apps": (t("Deployments"), "layers"),
        "statefulsets.apps": (t("Stateful sets"), "database"),
        "daemonsets.apps": (t("Daemon sets"), "blocks"),
        "services": (t("Services"), "network"),
    }
    tallies = {tally.resource: tally for tally in overview.tallies}
    return [Tile(*words[name], list_path(name), tallies[name]) for name in TILES]


def grouped(clusters: Sequence[ClusterTally], by: str) -> list[Row]:
    """Clusters by region, environment, provider or version; those without one last, the sick first within each."""
    sick = {"unreachable": 0, "degraded": 1}
    ordered = sorted(clusters, key=lambda c: (not _of(c, by), _of(c, by), sick.get(c.health, 2), c.name))
    groups = [(name, list(group)) for name, group in groupby(ordered, key=lambda c: _of(c, by))]
    if len(clusters) <= EACH_SHOWN:
        return [Row(name or _without(by), group) for name, group in groups]
    return [_row(name, group, by) for name, group in groups]


def _row(name: str, group: Sequence[ClusterTally], by: str) -> Row:
    """A group of which only what is not healthy is shown one by one."""
    shown = [cluster for cluster in group if cluster.health != "healthy"]
    label = {"label": "=".join(_environment(group[0]))} if by == "env" else {by: name}
    href = f"/clusters?{urlencode({'health': 'healthy'} | (label if name else {}))}"
    return Row(name or _without(by), shown, len(group) - len(shown), href)


def _environment(cluster: ClusterTally) -> tuple[str, str]:
    """The label that says what a cluster is for, and what it says."""
    return next(((key, cluster.labels[key]) for key in ENVIRONMENT if cluster.labels.get(key)), ("", ""))


def _of(cluster: ClusterTally, by: str) -> str:
    if by == "env":
        return _environment(cluster)[1]
    if by == "version":
        return ".".join(cluster.version.removeprefix("v").split(".")[:2])
    return cluster.provider if by == "provider" else cluster.region


def _title(group: str) -> str:
    titles = {"region": t("Region"), "env": t("Environment"), "provider": t("Provider"), "version": t("Version")}
    return titles[group]


def _without(group: str) -> str:
    without = {
        "region": t("Region not known"),
        "env": t("Without an environment"),
        "provider": t("Provider not known"),
        "version": t("Version not known"),
    }
    return without[group]


HANDLERS = (show_overview,)
