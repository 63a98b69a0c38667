"""The witness of the sync: keeps a version of each object whenever what people write of it has changed."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

import msgspec
import structlog
from msgspec.structs import replace

from basefly.base.db.transaction import Tx
from basefly.core.history import model, store
from basefly.core.history.store import Known, New
from basefly.core.history.versions.comparing import TOLD, fields
from basefly.core.history.versions.glimpse import Looking
from basefly.core.history.versions.packing import opened, packed
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
        known = await store.get_differing(tx, seen) if seen else []
        new, same = list[New](), list[tuple[int, int]]()
        for count, before in enumerate(known):
            if count % AT_ONCE == AT_ONCE - 1:
                await asyncio.sleep(0)
            now = seen[before.place - 1]
            try:
                version = _version(now, before)
            except (RecursionError, msgspec.DecodeError) as error:  # one odd object hides no other
                log.warning("history.object_odd", cluster=str(now.place.cluster_id), uid=now.row.uid, reason=str(error))
                continue
            if version is None:
                same.append((before.id or 0, now.glimpse.digest))
            else:
                new.append(version)
        if same:
            await store.restamp(tx, same)
        if new:
            await store.replace(tx, new)
        return touched | {each.cluster_id for each in new if each.cause != "seen"}


def _version(seen: Seen, before: Known) -> New | None:
    """The version that begins now; none if the one `before` says the same in another order.

    Raises msgspec.DecodeError or RecursionError for what nobody could read again.
    """
    place, row, glimpse = seen
    now, was = msgspec.json.decode(glimpse.text), opened(before.text) if before.text is not None else None
    if now == was:
        return None
    new = New(
        before=before.id,
        cluster_id=place.cluster_id,
        resource=place.resource,
        namespace=row.namespace,
        name=row.name,
        uid=row.uid,
        cause="changed",
        at=None,
        digest=glimpse.digest,
        text=packed(glimpse.text),
    )
    created = _moment(row.created_at)
    written = _moment(glimpse.changed_at) if glimpse.changed_at else created
    wrote = {"manager": _tidy(glimpse.manager), "operation": _tidy(glimpse.operation)}
    if was is None or before.at is None:
        born = before.looked_at is not None and created > before.looked_at - CLOCKS
        return replace(new, cause="created" if born else "seen", at=_past(created if born else written), **wrote)
    # Where no field is newer than what was known, whoever changed it owns none: nobody knows who it was.
    if _past(written) is None or written > before.at:
        new = replace(new, at=_past(written), **wrote)
    changes = fields(was, now)
    return replace(new, changes=changes[:TOLD], changed=len(changes))


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
