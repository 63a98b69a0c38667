"""What waits to be written, by place: the last word on each object, what lists showed, and where streams stand."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from itertools import islice
from uuid import UUID

import msgspec

from basefly.core.sync.kind import Row
from basefly.core.sync.model import Place, Standing
from basefly.core.sync.store.merge import Sweep
from basefly.core.sync.witness import Glimpse
from basefly.core.sync.writing.shares import shares


class Batch(msgspec.Struct):
    """What waits to be written. The last word on an object wins: its stream reports in order.

    `hefts` say how much each place weighs: changes, of which large ones count as several.
    """

    changes: dict[Place, dict[str, Row | None]] = {}  # by uid; None: deleted
    glimpses: dict[Place, dict[str, Glimpse]] = {}  # by uid; no more of them than changes
    sweeps: dict[Place, set[str]] = {}  # uids which a complete list showed
    standings: dict[Place, Standing] = {}
    hefts: dict[Place, int] = {}

    def __bool__(self) -> bool:
        return bool(self.standings or self.changes)

    def change(self, place: Place, uid: str, row: Row | None, glimpse: Glimpse | None = None, heft: int = 1) -> None:
        """The object is like this now."""
        changes = self.changes.get(place)
        if changes is None:
            changes = self.changes[place] = {}
        changes[uid] = row
        self.hefts[place] = self.hefts.get(place, 0) + heft
        if glimpse is not None:
            self.glimpses.setdefault(place, {})[uid] = glimpse
        elif place in self.glimpses:
            self.glimpses[place].pop(uid, None)
        if row is not None and self.sweeps and place in self.sweeps:
            self.sweeps[place].add(uid)  # it came after the list, so the list could not show it

    def move(self, place: Place, resource_version: str) -> None:
        """All up to this version has been reported."""
        standing = self.standing(place)
        standing.resource_version, standing.state = resource_version, "live"
        standing.reason = standing.reason if standing.skipped else ""

    def listed(self, place: Place, uids: Iterable[str], resource_version: str, *, restored: bool) -> None:
        """A complete list showed these."""
        self.sweeps[place] = set(uids)
        self.move(place, resource_version)
        self.standings[place].listed = True
        self.standings[place].restored |= restored

    def standing(self, place: Place) -> Standing:
        return self.standings.get(place) or self.standings.setdefault(place, Standing())

    def knows(self, place: Place) -> bool:
        return place in self.changes or place in self.standings

    def places(self) -> set[Place]:
        return {*self.changes, *self.standings}

    def clusters(self) -> set[UUID]:
        return {place.cluster_id for place in (*self.changes, *self.standings)}

    def swept(self) -> list[Sweep]:
        return [
            Sweep(place, uids, "restored" if self.standings[place].restored else "missed")
            for place, uids in self.sweeps.items()
        ]

    def rows(self) -> Iterable[tuple[Place, Row]]:
        """The objects that are there."""
        return ((place, row) for place, rows in self.changes.items() for row in rows.values() if row is not None)

    def shared(self, most: int) -> tuple[Batch, Batch]:
        """What is written now, about `most` changes in fair shares of the clusters, and what stays for the next time.

        Of a cluster that wants more than its share, where its streams stand and what its lists showed is kept with the
        last of its changes: rows may be ahead of a position, and never behind it.
        """
        counts = Counter({place.cluster_id: 0 for place in self.changes})
        for place, rows in self.changes.items():
            counts[place.cluster_id] += len(rows)
        if counts.total() <= most:
            return self, Batch()
        room = shares(counts, most)
        heavy = {place for place in self.places() if counts[place.cluster_id] > room.get(place.cluster_id, 0)}
        now, later = self.of(self.places() - heavy), self.of(heavy)
        for place in list(later.changes):
            moved = min(len(later.changes[place]), room[place.cluster_id])
            room[place.cluster_id] -= moved
            later._give(now, place, moved)
        return now, later

    def _give(self, other: Batch, place: Place, count: int) -> None:
        """Hand the oldest changes of a place over, with their part of its heft."""
        if not count:
            return
        rows, heft = self.changes.pop(place), self.hefts.pop(place, 0)
        given, kept = dict(islice(rows.items(), count)), dict(islice(rows.items(), count, None))
        other.changes[place], other.hefts[place] = given, heft * count // len(rows)
        if kept:
            self.changes[place] = kept
        self.hefts[place] = heft - other.hefts[place]
        if seen := self.glimpses.pop(place, None):
            other.glimpses[place] = {uid: seen[uid] for uid in given if uid in seen}
            self.glimpses[place] = {uid: glimpse for uid, glimpse in seen.items() if uid not in given}

    def split(self, heft: int) -> tuple[Batch, Batch]:
        """The places with the least to write, up to `heft` but one at least, and the others: the largest come last."""
        first: set[Place] = set()
        for place in sorted(self.places(), key=lambda place: self.hefts.get(place, 0)):
            heft -= self.hefts.get(place, 0)
            if first and heft < 0:
                break
            first.add(place)
        return self.of(first), self.of(self.places() - first)

    def parts(self, count: int) -> list[Batch]:
        """The same in so many at most, of about the same heft, no cluster in two of them."""
        hefts = Counter(dict.fromkeys(self.clusters(), 0))
        for place, heft in self.hefts.items():
            hefts[place.cluster_id] += heft
        loads, part = [0] * count, dict[UUID, int]()
        for cluster_id, heft in hefts.most_common():
            part[cluster_id] = loads.index(min(loads))
            loads[part[cluster_id]] += heft
        places = [set[Place]() for _ in loads]
        for place in self.places():
            places[part[place.cluster_id]].add(place)
        return [self.of(each) for each in places if each]

    def take(self, other: Batch, place: Place) -> None:
        """Have all of a place that another holds, and that is not known here."""
        for mine, theirs in _tables(self, other):
            if place in theirs:
                mine[place] = theirs.pop(place)

    def only(self, cluster_id: UUID) -> Batch:
        return self.of({place for place in self.places() if place.cluster_id == cluster_id})

    def without(self, *clusters: UUID) -> Batch:
        return self.of({place for place in self.places() if place.cluster_id not in clusters})

    def of(self, places: Collection[Place]) -> Batch:
        """The part of it that is about these."""
        return Batch(
            {place: rows for place, rows in self.changes.items() if place in places},
            {place: seen for place, seen in self.glimpses.items() if place in places},
            {place: uids for place, uids in self.sweeps.items() if place in places},
            {place: standing for place, standing in self.standings.items() if place in places},
            {place: heft for place, heft in self.hefts.items() if place in places},
        )

    def instead(self, odd: Mapping[tuple[Place, str], Row]) -> None:
        """Put these rows, of which nothing more is kept, in the place of what was reported."""
        for (place, uid), row in odd.items():
            self.changes[place][uid] = row
            self.glimpses.get(place, {}).pop(uid, None)


def _tables(mine: Batch, theirs: Batch) -> Iterable[tuple[dict[Place, object], dict[Place, object]]]:
    names = ("changes", "glimpses", "sweeps", "standings", "hefts")
    return ((getattr(mine, name), getattr(theirs, name)) for name in names)
