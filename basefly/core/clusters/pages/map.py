"""Clusters on a map of the world: a mark for each region that we can place, the others beside it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from itertools import combinations
from math import dist, hypot
from urllib.parse import urlencode

import msgspec

from basefly.base.facts import regions, world
from basefly.base.facts.world import Spot
from basefly.base.web.language import tn
from basefly.core.clusters.model import Cluster

SMALLEST, LARGEST = 2.4, 7.0  # radii of marks, in degrees
APART = 0.8  # degrees between marks
ROUNDS = 40
_WORST = ("unreachable", "degraded", "unknown", "healthy")


class Mark(msgspec.Struct, frozen=True, kw_only=True):
    """The clusters of one region. `spot` is None where nobody has said where the region lies."""

    region: str
    health: str  # of the worst
    clusters: list[Cluster]
    spot: Spot | None
    radius: float
    said: str
    href: str


class Map(msgspec.Struct, frozen=True, kw_only=True):
    """The drawing, in degrees: its size, the land, the marks; and what cannot be placed."""

    width: float
    height: float
    step: float
    land: str
    marks: list[Mark]
    nowhere: list[Mark]


def drawn(clusters: Sequence[Cluster]) -> Map:
    """The map of these clusters; no cluster is left out, though its region be unknown."""
    by_region: dict[str, list[Cluster]] = defaultdict(list)
    for cluster in clusters:
        by_region[cluster.region].append(cluster)
    marks = [_mark(region, found) for region, found in sorted(by_region.items())]
    placed = apart([m for m in marks if m.spot])
    return Map(
        width=world.WIDTH,
        height=world.HEIGHT,
        step=world.STEP,
        land=world.land(),
        # Large marks first, so that small ones lie on top of them and can be reached.
        marks=sorted(placed, key=lambda m: -m.radius),
        nowhere=[m for m in marks if not m.spot],
    )


def apart(marks: Sequence[Mark]) -> list[Mark]:
    """The marks, those that would cover one another pushed apart, so that each can be seen and reached."""
    spots = [[m.spot.x, m.spot.y] for m in marks if m.spot]
    pairs = list(combinations(range(len(spots)), 2))
    for i, j in pairs * ROUNDS:
        _push(spots[i], spots[j], marks[i].radius + marks[j].radius + APART)
    return [
        msgspec.structs.replace(m, spot=Spot(round(x, 1), round(y, 1))) for m, (x, y) in zip(marks, spots, strict=True)
    ]


def _push(one: list[float], other: list[float], least: float) -> None:
    """Move two spots away from one another, each half of what is lacking to their least distance."""
    lacking = least - dist(one, other)
    if lacking <= 0:
        return
    across, down = other[0] - one[0] or 0.1, other[1] - one[1]
    length = hypot(across, down)
    for at, part in enumerate((across / length, down / length)):
        one[at] -= part * lacking / 2
        other[at] += part * lacking / 2


def _mark(region: str, clusters: list[Cluster]) -> Mark:
    point = regions.place(region)
    return Mark(
        region=region,
        health=min((c.health for c in clusters), key=_WORST.index),
        clusters=clusters,
        spot=world.spot(point) if point else None,
        radius=round(min(LARGEST, SMALLEST + 0.6 * (len(clusters) - 1) ** 0.5), 1),
        said=tn("{n} cluster", "{n} clusters", len(clusters)),
        href=f"/clusters?{urlencode({'region': region})}" if region else "/clusters?sort=region",
    )
