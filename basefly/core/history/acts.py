"""Which change came through the hub: the record of an act on the very object, at the very time, by one person."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta

from basefly.base.db.transaction import Tx
from basefly.base.principal import Principal
from basefly.core.audit import actions as audit
from basefly.core.audit.model import READ, Filter, Record
from basefly.core.history.model import GONE, Act, Stored

MOST = 500  # records that are looked at for one page
BEFORE, AFTER = timedelta(seconds=1), timedelta(seconds=3)  # around an act, in which the watch tells what it did
LONGEST = timedelta(minutes=2)  # that an act takes
_MAKING = {"created": ("object.created", "object.changed"), "changed": ("object.changed",)}


async def through_the_hub(tx: Tx, by: Principal, moments: Sequence[Stored]) -> dict[tuple[int, datetime], Act]:
    """By version and moment, the act that made it; nothing for whoever may not read the audit.

    Where the acts of two people could have, nobody is named: better no name than a wrong one.
    """
    if not by.may(READ) or not moments:
        return {}
    times = [each.seen_at for each in moments]
    wanted = Filter(act="object", outcome="done", since=min(times) - AFTER, until=max(times) + LONGEST)
    records = (await audit.page(tx, by, wanted, limit=MOST)).items
    made: dict[tuple[int, datetime], list[Record]] = defaultdict(list)
    for record in records:
        if (moment := _first(moments, record)) is not None:
            made[moment.id, moment.at].append(record)
    return {
        key: Act(record=several[0].id, act=several[0].act, actor=several[0].actor)
        for key, several in made.items()
        if len({record.actor_id for record in several}) == 1
    }


def _first(moments: Sequence[Stored], record: Record) -> Stored | None:
    """What the watch told first after an act began: it made that one, and none of those that followed."""
    seconds = record.detail.get("seconds")
    began = record.at - timedelta(seconds=seconds if isinstance(seconds, int | float) else 0)
    fitting = [
        each
        for each in moments
        if record.act in _making(each)
        and began - BEFORE <= each.seen_at <= record.at + AFTER
        and _is_about(each, record)
    ]
    return min(fitting, key=lambda each: each.seen_at, default=None)


def _making(moment: Stored) -> tuple[str, ...]:
    """The acts that can be behind it."""
    return ("object.deleted",) if moment.what in GONE else _MAKING.get(moment.what, ())


def _is_about(moment: Stored, record: Record) -> bool:
    """Whether it was done to this object; to make one, its whole kind is addressed."""
    kind = "/".join(part for part in ("clusters", str(moment.cluster_id), moment.resource, moment.namespace) if part)
    path = f"{kind}/{moment.name}"
    named = record.object == path or record.object.startswith(f"{path}/")
    return named or (record.object == kind and record.act != "object.changed")
