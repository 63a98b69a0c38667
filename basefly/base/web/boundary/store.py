"""Every query of idempotency keys."""

from __future__ import annotations

from datetime import datetime, timedelta

import msgspec

from basefly.base.db.transaction import Tx

KEPT = timedelta(hours=24)
HELD = timedelta(minutes=5)  # longer than any request takes: then whoever began has died
_SWEPT = 100  # rows that are over, forgotten at a time

_THIS = "org_id = %(org)s and asker = %(asker)s and route = %(route)s and key_hash = %(key)s"


class Place(msgspec.Struct, frozen=True):
    """Whose key, and for what."""

    asker: str
    route: str
    key: bytes


class Kept(msgspec.Struct, frozen=True):
    """What is known of a key."""

    fingerprint: bytes
    state: str
    status: int | None
    sealed: bytes | None
    held: bool
    created_at: datetime


async def claim(tx: Tx, place: Place, fingerprint: bytes) -> Kept | None:
    """Take a key; None if it is ours now, else what is kept under it. One who died holding it leaves it to others."""
    values = {**_values(tx, place), "fingerprint": fingerprint, "kept": KEPT, "held": HELD, "most": _SWEPT}
    await tx.execute(
        """delete from idempotency_keys where org_id = %(org)s and (asker, route, key_hash) in (
               select asker, route, key_hash from idempotency_keys
                where org_id = %(org)s and expires_at < now() limit %(most)s for update skip locked)""",
        values,
    )
    taken = await tx.execute(
        """insert into idempotency_keys as k (org_id, asker, route, key_hash, fingerprint, held_until, expires_at)
           values (%(org)s, %(asker)s, %(route)s, %(key)s, %(fingerprint)s, now() + %(held)s, now() + %(kept)s)
           on conflict (org_id, asker, route, key_hash) do update
           set held_until = excluded.held_until, expires_at = excluded.expires_at
           where k.state = 'started' and k.held_until < now() and k.fingerprint = excluded.fingerprint""",
        values,
    )
    if taken:
        return None
    query = f"""select fingerprint, state, status, sealed, held_until > now() as held, created_at
                  from idempotency_keys where {_THIS}"""  # noqa: S608  # of constants
    return await tx.one(Kept, query, values)


async def mark_acted(tx: Tx, place: Place) -> None:
    """Note, in the transaction of the act, that it is done."""
    await tx.execute(f"update idempotency_keys set state = 'acted' where {_THIS}", _values(tx, place))  # noqa: S608  # of constants


async def keep(tx: Tx, place: Place, status: int, sealed: bytes) -> None:
    """Keep the answer."""
    query = f"update idempotency_keys set state = 'done', status = %(status)s, sealed = %(sealed)s where {_THIS}"  # noqa: S608  # of constants
    await tx.execute(query, {**_values(tx, place), "status": status, "sealed": sealed})


async def release(tx: Tx, place: Place) -> None:
    """Give a key back under which nothing was done."""
    await tx.execute(f"delete from idempotency_keys where {_THIS} and state = 'started'", _values(tx, place))  # noqa: S608  # of constants


def _values(tx: Tx, place: Place) -> dict[str, object]:
    return {"org": tx.org_id, "asker": place.asker, "route": place.route, "key": place.key}
