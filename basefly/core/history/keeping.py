"""The witness of the sync: keeps a version of each object whenever what people write of it has changed."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

import msgspec
import structlog
from msgspec.structs import replace

from basefly.base.db.transaction import Tx
from basefly.core.history import model, store
from basefly.core.history.store import First, Known, New
from basefly.core.history.versions.comparing import TOLD, fields
from basefly.core.history.versions.glimpse import Looking
from basefly.core.history.versions.packing import opened, packed
from basefly.core.sync.model import Place
from basefly.core.sync.store.merge import Gone
from basefly.core.sync.witness import Eye, Seen

KEY = 32  # bytes
PURPOSE = "history_settings/key"
CLOCKS = timedelta(seconds=5)  # by which those of a cluster and ours may differ
LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
AT_ONCE = 50  # versions that are made before others may work

log = structlog.get_logger(__name__)


class Keeping:
    """Keeps what the sync sees. A version is compared with the one before it where that lies: in the database."""

    def wants(self, resource: str) -> bool:
        """Whether there are versions of this resource."""
        return model.is_kept(resource)

    async def open(self, tx: Tx) -> Eye:
        """An eye that marks the values of secrets by the organization's own key, which is made when first needed."""
        assert tx.sealer is not None, "the sync lives in a house"  # noqa: S101  # for the type checker
        sealed = await store.get_key(tx)
        if sealed is None:
            made = await tx.sealer.seal(tx, secrets.token_bytes(KEY), purpose=PURPOSE)
            sealed = await store.insert_key(tx, made)
        return Looking(await tx.sealer.open(tx, sealed, purpose=PURPOSE))

    async def keep(self, tx: Tx, seen: Sequence[Seen], gone: Sequence[Gone]) -> set[UUID]:
        """Keep what differs from the present version and end those of what has gone."""
        touched = set(await store.end_gone(tx, gone)) if gone else set()
        if not seen:
            return touched
        listed = await store.get_listed(tx, {each.place for each in seen})
        begun = await store.begin(tx, _firsts(seen, listed))
        touched.update(begun.clusters)
        known = await store.get_differing(tx) if begun.count < len(seen) else []
        new, same = list[New](), list[tuple[int, int]]()
        for count, before in enumerate(known):
            await _in_turn(count)
            now = seen[before.place]
            try:
                version = _changed(now, before)
            except (RecursionError, ValueError) as error:
                _odd(now, error)
                continue
            if version is None:
                same.append((before.id, now.glimpse.digest))
            else:
                new.append(version)
        if same:
            await store.restamp(tx, same)
        if new:
            touched.update(await store.replace(tx, new))
        return touched


async def _firsts(seen: Sequence[Seen], listed: Mapping[Place, datetime]) -> AsyncIterator[First]:
    """What the life of each of them begins with, if it has not begun; without what nobody could read again."""
    for count, each in enumerate(seen):
        await _in_turn(count)
        try:
            msgspec.json.decode(each.glimpse.text)
        except (RecursionError, msgspec.DecodeError) as error:
            _odd(each, error)
        else:
            yield _first(count, each, listed.get(each.place))


async def _in_turn(count: int) -> None:
    if count % AT_ONCE == AT_ONCE - 1:
        await asyncio.sleep(0)


def _odd(seen: Seen, error: Exception) -> None:
    """One odd object hides no other."""
    log.warning("history.object_odd", cluster=str(seen.place.cluster_id), uid=seen.row.uid, reason=str(error))


def _first(count: int, seen: Seen, looked_at: datetime | None) -> First:
    """Created, if its kind was listed before its time and it was not there."""
    place, row, glimpse = seen
    created = _moment(row.created_at)
    born = looked_at is not None and created > looked_at - CLOCKS
    return First(
        count,
        place.cluster_id,
        place.resource,
        row.namespace,
        row.name,
        row.uid,
        "created" if born else "seen",
        _past(created if born else _written(seen)),
        _tidy(glimpse.manager),
        _tidy(glimpse.operation),
        glimpse.digest,
        packed(glimpse.text),
    )


def _changed(seen: Seen, before: Known) -> New | None:
    """The version that begins now; none if the one `before` says the same in another order.

    Raises ValueError or RecursionError for what nobody could read again.
    """
    glimpse = seen.glimpse
    now, was = msgspec.json.decode(glimpse.text), opened(before.text)
    if now == was:
        return None
    changes = fields(was, now)
    text = packed(glimpse.text)
    new = New(before=before.id, changes=changes[:TOLD], changed=len(changes), digest=glimpse.digest, text=text)
    written = _written(seen)
    # Where no field is newer than what was known, whoever changed it owns none: nobody knows who it was.
    if _past(written) is None or written > before.at:
        wrote = {"manager": _tidy(glimpse.manager), "operation": _tidy(glimpse.operation)}
        new = replace(new, at=_past(written), **wrote)
    return new


def _written(seen: Seen) -> datetime:
    return _moment(seen.glimpse.changed_at or seen.row.created_at)


def _past(moment: datetime) -> datetime | None:
    """A moment as it is; None for one that is as good as now: a cluster tells whole seconds, and we know better."""
    return moment if moment < datetime.now(UTC) - CLOCKS else None


def _moment(text: str) -> datetime:
    """A time as Kubernetes writes it; long ago for what is none."""
    try:
        read = datetime.fromisoformat(text)
    except ValueError:
        return LONG_AGO
    return max(read if read.tzinfo else read.replace(tzinfo=UTC), LONG_AGO)


def _tidy(text: str) -> str:
    return text.replace("\0", "\ufffd")[:200]
