"""What a watch promises, checked over what truly happened and what was told (after etcd's robustness tests).

Each validator is pure and returns its violations in words; an empty list means that the promise was kept.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from typing import Literal

import msgspec


class Happened(msgspec.Struct, frozen=True, gc=False):
    """One event of a collection's true history."""

    version: int
    uid: str
    deleted: bool = False


class Told(msgspec.Struct, frozen=True, gc=False):
    """One thing that following a collection told.

    begun: a watch goes on behind `version`. listing, object, listed: a list, its objects with their own versions, its
    end as of `version`. changed, deleted, bookmark: a watch. skipped: something that could not be read.
    """

    what: Literal["begun", "listing", "object", "listed", "changed", "deleted", "bookmark", "skipped"]
    version: int = 0
    uid: str = ""
    at: float = 0.0


class Epoch(msgspec.Struct):
    """What was told from one position on, up to the next list or the next beginning."""

    since: int
    told: list[Told]


NEWS = ("changed", "deleted", "skipped")


def epochs(told: Sequence[Told]) -> Iterator[Epoch]:
    """The watches within what was told, without the lists before them."""
    epoch: Epoch | None = None
    for one in told:
        if one.what in ("begun", "listed", "listing"):
            if epoch is not None:
                yield epoch
            epoch = None if one.what == "listing" else Epoch(one.version, [])
        elif epoch is not None:
            epoch.told.append(one)
    if epoch is not None:
        yield epoch


def ordered(_happened: Sequence[Happened], told: Sequence[Told], _excused: Container[int] = ()) -> list[str]:
    """Versions never go back."""
    found = []
    for epoch in epochs(told):
        last = epoch.since
        for one in epoch.told:
            if one.what != "skipped" and one.version < last:
                found.append(f"{one.what} at {one.version} after {last}")
            last = max(last, one.version)
    return found


def unique(_happened: Sequence[Happened], told: Sequence[Told], _excused: Container[int] = ()) -> list[str]:
    """No event is told twice."""
    found = []
    for epoch in epochs(told):
        times = Counter(one.version for one in epoch.told if one.what in ("changed", "deleted"))
        found += [f"what happened at {version} was told {count} times" for version, count in times.items() if count > 1]
    return found


def reliable(happened: Sequence[Happened], told: Sequence[Told], excused: Container[int] = ()) -> list[str]:
    """Nothing between the first position and the last is missing, nothing is invented, nothing is told as another."""
    found = []
    true = {one.version: one for one in happened}
    versions = sorted(true)
    for epoch in epochs(told):
        known = {one.version: one for one in epoch.told if one.what in NEWS}
        end = max((one.version for one in epoch.told), default=epoch.since)
        expected = (v for v in versions if epoch.since < v <= end and v not in excused)
        found += [f"{true[v].uid} at {v} was never told" for v in expected if v not in known]
        for version, one in known.items():
            if one.what != "skipped" and version > epoch.since:
                found += _invented(true.get(version), one)
    return found


def _invented(event: Happened | None, told: Told) -> list[str]:
    if event is None:
        return [f"{told.uid} at {told.version} never happened"]
    if (event.uid, event.deleted) != (told.uid, told.what == "deleted"):
        return [f"{event.uid} at {told.version} was told as {told.what} {told.uid}"]
    return []


def atomic(happened: Sequence[Happened], told: Sequence[Told], excused: Container[int] = ()) -> list[str]:
    """A list is one snapshot: the objects that were there at its version, at the versions that they had then."""
    found: list[str] = []
    shown: dict[str, int] | None = None
    for one in told:
        if one.what == "listing":
            shown = {}
        elif shown is not None and one.what == "object":
            shown[one.uid] = max(one.version, shown.get(one.uid, 0))
        elif shown is not None and one.what == "deleted":
            shown.pop(one.uid, None)
        elif shown is not None and one.what == "skipped":
            shown = None  # nobody can say what it would have shown
        elif one.what == "listed":
            if shown is not None and one.version not in excused:
                found += _unlike(snapshot(happened, one.version), shown, one.version)
            shown = None
    return found


def snapshot(happened: Sequence[Happened], version: int) -> dict[str, int]:
    """What was there at a version: the version of each object by uid."""
    there: dict[str, int] = {}
    for one in happened:
        if one.version > version:
            break
        if one.deleted:
            there.pop(one.uid, None)
        else:
            there[one.uid] = one.version
    return there


def _unlike(true: Mapping[str, int], shown: Mapping[str, int], version: int) -> list[str]:
    lost = [f"the list at {version} lacks {uid}" for uid in true.keys() - shown.keys()]
    dead = [f"the list at {version} shows {uid}, which was not there" for uid in shown.keys() - true.keys()]
    other = [
        f"the list at {version} shows {uid} as of {shown[uid]}, not {true[uid]}"
        for uid in true.keys() & shown.keys()
        if true[uid] != shown[uid]
    ]
    return [*lost, *dead, *other]


def resumable(happened: Sequence[Happened], told: Sequence[Told], excused: Container[int] = ()) -> list[str]:
    """A watch that goes on behind a version tells first what came next."""
    found = []
    versions = sorted(one.version for one in happened)
    for epoch in epochs(told):
        first = next((one.version for one in epoch.told if one.what in NEWS and one.version > epoch.since), None)
        due = next((version for version in versions if version > epoch.since), None)
        if first is not None and due is not None and first > due and due not in excused:
            found.append(f"a watch behind {epoch.since} began with {first}, not {due}")
    return found


def bookmarked(happened: Sequence[Happened], told: Sequence[Told], excused: Container[int] = ()) -> list[str]:
    """When a bookmark is told, everything up to it has been, and nothing up to it comes later."""
    found = []
    versions = sorted(one.version for one in happened)
    for epoch in epochs(told):
        known: set[int] = set()
        marked = last = epoch.since
        for one in epoch.told:
            if one.what == "bookmark":
                due = (v for v in versions if last < v <= one.version and v not in excused)
                found += [f"a bookmark at {one.version} hides {version}" for version in due if version not in known]
                last = max(last, one.version)
                marked = max(marked, one.version)
            elif one.what in ("changed", "deleted") and one.version <= marked:
                found.append(f"{one.what} at {one.version} came after the bookmark at {marked}")
            known.add(one.version)
    return found


Validator = Callable[[Sequence[Happened], Sequence[Told], Container[int]], list[str]]
VALIDATORS: Mapping[str, Validator] = {
    "ordered": ordered,
    "unique": unique,
    "reliable": reliable,
    "atomic": atomic,
    "resumable": resumable,
    "bookmark-true": bookmarked,
}


def violations(happened: Sequence[Happened], told: Sequence[Told], excused: Container[int] = ()) -> list[str]:
    """What all validators find. `excused` are the versions about which the server itself did not tell the truth."""
    return [f"{name}: {why}" for name, check in VALIDATORS.items() for why in check(happened, told, excused)]
