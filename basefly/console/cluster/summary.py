"""What the page of one cluster tells beyond its record: problems, top namespaces, add-ons, and what is not seen."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

import msgspec

from basefly.base.db.transaction import Tx
from basefly.base.principal import Principal
from basefly.console.cluster import addons
from basefly.console.cluster.addons import Addon
from basefly.console.overview import SHOWN, Tally, main, tally
from basefly.console.problems import find
from basefly.console.problems.find import Problem
from basefly.core.clusters.model import ClusterState
from basefly.core.inventory import answers
from basefly.core.inventory.answers import READ, ListRequest
from basefly.core.inventory.store.rollups import sum_by
from basefly.core.quarantine import actions as quarantine
from basefly.core.quarantine.model import Unreadable
from basefly.core.sync import freshness
from basefly.core.sync.freshness import Missing
from basefly.core.sync.model import Stream
from basefly.core.sync.store import streams

TOP = 6  # namespaces
SYSTEM = "kube-system"
ADDONS_IN = ("deployments.apps", "daemonsets.apps", "statefulsets.apps")


class NamespaceTally(msgspec.Struct, frozen=True):
    """How many pods a namespace has, and how many of them fail."""

    name: str
    pods: int
    failing: int


class Unseen(msgspec.Struct, frozen=True):
    """A resource that the hub may not list or cannot read, and why."""

    resource: str
    reason: str


class Progress(msgspec.Struct, frozen=True, kw_only=True):
    """How far the first inventory has come: kinds listed of those that are followed, and objects so far."""

    listed: int
    followed: int
    objects: int

    @property
    def done(self) -> bool:
        """Whether every kind that can be listed has been."""
        return self.followed > 0 and self.listed >= self.followed


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """A cluster as far as the asker may see into it. `as_of` is the age of its oldest part."""

    problems: list[Problem]
    tallies: list[Tally]
    namespaces: list[NamespaceTally]
    addons: list[Addon]
    unseen: list[Unseen]
    unreadable: list[Unreadable]
    progress: Progress
    as_of: datetime | None
    missing: list[Missing]


async def get_summary(tx: Tx, by: Principal, cluster: ClusterState) -> Summary:
    """Everything that the page of a cluster tells of its inside."""
    scope, now = by.scope(READ), datetime.now(UTC)
    followed = await streams.get_streams(tx, clusters=[cluster.id])
    sums = await sum_by(tx, scope, ("resource", "health"), [cluster.id])
    pods = await sum_by(tx, scope, ("namespace", "health"), [cluster.id], resources=("pods",))
    shown = main(followed)
    hidden = scope.unknown.get(cluster.id)
    absent = (
        Missing(cluster.id, cluster.name, hidden, None)
        if hidden
        else freshness.missing(cluster, shown, now, begun=bool(followed))
    )
    return Summary(
        problems=await find.find(tx, by, [cluster]),
        tallies=[tally(resource, sums) for resource in SHOWN],
        namespaces=_top((r.namespace, r.health, r.count) for r in pods),
        addons=addons.recognised(await _images(tx, by, cluster)),
        unseen=[Unseen(s.resource, s.reason) for s in followed if s.state in ("denied", "failed")],
        unreadable=await quarantine.find(tx, by, sight=[cluster]),
        progress=progress(followed, sum(each.count for each in sums)),
        as_of=freshness.as_of(cluster, shown, now),
        missing=[absent] if absent else [],
    )


def progress(followed: Sequence[Stream], objects: int) -> Progress:
    """How far listing everything has come; what may not be listed is not waited for."""
    wanted = [s for s in followed if s.state not in ("denied", "failed")]
    return Progress(listed=sum(1 for s in wanted if s.listed_at), followed=len(wanted), objects=objects)


def _top(pods: Iterable[tuple[str, str, int]]) -> list[NamespaceTally]:
    total: Counter[str] = Counter()
    failing: Counter[str] = Counter()
    for namespace, health, count in pods:
        total[namespace] += count
        failing[namespace] += count if health == "bad" else 0
    return [NamespaceTally(name, count, failing[name]) for name, count in total.most_common(TOP)]


async def _images(tx: Tx, by: Principal, cluster: ClusterState) -> list[str]:
    """The images that workloads of kube-system are made of, and those of the static pods of the control plane."""
    found: list[str] = []
    for resource in (*ADDONS_IN, "pods"):
        asked = ListRequest(resource=resource, cluster=(str(cluster.id),), namespace=(SYSTEM,), limit=500)
        page = await answers.list_objects(tx, by, asked)
        found += [image for one in page.items for image in one.cells.get("images") or ()]
    return found
