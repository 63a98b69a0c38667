"""An object edited: opened, tried on the cluster with nothing changed, then changed, if it still is what it was.

The change is an update of the version that was looked at: an apply could not take away what somebody else has put
there, and would make the hub an owner of every field, in the way of whoever applies the object from elsewhere.
"""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec

from basefly.base.errors import Conflict, FieldError, Invalid
from basefly.base.kube import errors as kube
from basefly.base.principal import Principal
from basefly.base.runtime.house import House
from basefly.base.text.document import dump
from basefly.core.editing import model, reading
from basefly.core.editing.model import Object, Owner
from basefly.core.gateway.proxy import asking
from basefly.core.gateway.verbs.model import MANAGER, Place
from basefly.core.gateway.verbs.perform import Target, address
from basefly.core.history.versions.difference import Line, difference

TRIES = 4  # while others, such as controllers that write its status, change it between our look and our update


class Edit(msgspec.Struct, frozen=True, kw_only=True):
    """What was opened, what it became, and whether fields that others own are taken over."""

    original: str
    text: str
    take_over: bool = False


class Review(msgspec.Struct, frozen=True, kw_only=True):
    """What an edit would come to.

    `change` are the lines that would differ, as the cluster would have them. `moved` is what others have changed since
    it was opened; then nothing was tried, `text` is the edit made to what it is now, `original` that, and `both` are
    the paths that either side changed.
    """

    change: list[Line]
    owners: list[Owner]
    original: str
    text: str
    moved: list[Line] = []
    both: list[str] = []


class Contested(Conflict):
    """Others own fields that the edit changes."""

    code, title = "fields_owned", "Others own these fields"


class Moved(Conflict):
    """Others have changed the object since it was opened."""

    code, title = "object_moved", "The object has changed meanwhile"


async def opened(house: House, by: Principal, target: Target) -> str:
    """The object as one edits it. Raises what the cluster says."""
    cluster, _, path = await address(house, by, target)
    return dump(model.editable(await asking.get(house, by, cluster, path)))


async def review(house: House, by: Principal, target: Target, edit: Edit) -> Review:
    """Try an edit; nothing changes. Raises Invalid, and what the cluster says."""
    place = await address(house, by, target)
    looked = await _looked(house, by, place, edit)
    if looked.moved:
        return await asyncio.to_thread(_rebased, looked, edit)
    tried = await _put(house, by, place, looked, dry=True)
    now, then = dump(looked.now), dump(model.editable(tried))
    return Review(
        change=await asyncio.to_thread(difference, now, then),
        owners=model.owners(looked.live, looked.mine),
        original=edit.original,
        text=edit.text,
    )


async def change(house: House, by: Principal, target: Target, edit: Edit) -> str:
    """Make an edit; the object as one edits it then. Raises Invalid, Moved, Contested, and what the cluster says."""
    place = await address(house, by, target)
    for last in (*[False] * (TRIES - 1), True):
        looked = await _looked(house, by, place, edit)
        if looked.moved:
            raise Moved("It is not what you opened any more.", cure="Look at what changed, and edit it as it is now.")
        found = model.owners(looked.live, looked.mine)
        if found and not edit.take_over:
            raise contested(found)
        try:
            return dump(model.editable(await _put(house, by, place, looked, dry=False)))
        except kube.Conflict:
            if last:
                raise
    raise AssertionError("the last try has ended")


def without(edit: Edit, found: list[Owner]) -> Edit:
    """The edit without what it does to others' fields. Raises Invalid."""
    original, mine = reading.one(edit.original), reading.one(edit.text)
    return Edit(original=edit.original, text=dump(model.left(mine, original, (s for one in found for s in one.steps))))


def contested(found: list[Owner]) -> Contested:
    """Who owns which fields, as an error."""
    told = "; ".join(f"{one.manager} owns {', '.join(one.fields)}" for one in found)
    return Contested(
        f"Others own what would change: {told}.",
        cure="Leave these fields as they are, or take them over.",
        owners=[{"manager": one.manager, "operation": one.operation, "fields": one.fields} for one in found],
    )


class _Looked(msgspec.Struct, frozen=True):
    """The object now, whole and as one edits it; what was opened; and what that became."""

    live: Object
    now: Object
    original: Object
    mine: Object

    @property
    def moved(self) -> bool:
        return self.now != self.original


async def _looked(house: House, by: Principal, place: Place, edit: Edit) -> _Looked:
    original, mine = await asyncio.to_thread(lambda: (reading.one(edit.original), reading.one(edit.text)))
    cluster, _, path = place
    live = await asking.get(house, by, cluster, path)
    mine = model.editable(mine)
    _same(live, mine)
    return _Looked(live, model.editable(live), original, mine)


def _same(live: Object, mine: Object) -> None:
    """Raise Invalid where an edit means another object."""
    for path in (("apiVersion",), ("kind",), ("metadata", "name"), ("metadata", "namespace")):
        was, now = _at(live, path), _at(mine, path)
        if was != now:
            name = ".".join(path)
            raise Invalid(
                f"{name} was {was or 'empty'} and cannot become {now or 'empty'}: that is another object.",
                errors=(FieldError("/text", f"{name} cannot change."),),
                cure="Put it back; to make another object, apply it as a file.",
            )


def _at(whole: Any, path: tuple[str, ...]) -> Any:
    for name in path:
        whole = whole.get(name) if isinstance(whole, dict) else None
    return whole


async def _put(house: House, by: Principal, place: Place, looked: _Looked, *, dry: bool) -> Object:
    cluster, _, path = place
    query = f"?fieldManager={MANAGER}&fieldValidation=Strict{'&dryRun=All' if dry else ''}"
    body = model.complete(looked.mine, looked.live)
    answer = await asking.ask(house, by, cluster, ("PUT", path + query), body=body)
    whole: Object = msgspec.json.decode(answer)
    return whole


def _rebased(looked: _Looked, edit: Edit) -> Review:
    """The edit made to what the object has become meanwhile."""
    merged, both = model.onto(looked.original, looked.mine, looked.now)
    now = dump(looked.now)
    return Review(
        change=difference(now, dump(merged)),
        owners=[],
        original=now,
        text=dump(merged),
        moved=difference(edit.original, now),
        both=both,
    )
