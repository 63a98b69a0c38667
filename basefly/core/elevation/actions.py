"""Ask, approve, refuse, withdraw. An approved request is a grant with an end, which the database's clock keeps."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

from basefly.base.db.transaction import Tx
from basefly.base.errors import Conflict, Denied, FieldError, Invalid, NotFound
from basefly.base.principal import Principal
from basefly.base.runtime.house import House
from basefly.base.web.language import sentence
from basefly.core.access import granting, roles
from basefly.core.access.model import READ, WRITE, Subject, Where
from basefly.core.access.store import grants
from basefly.core.audit.actions import record
from basefly.core.elevation import store
from basefly.core.elevation.model import LONGEST, SHORTEST, Elevation

OPEN = 10  # requests of one person that may wait at a time
_NOT_OPEN = {
    "stale": sentence("Nobody decided on this elevation within a day."),
    "approved": sentence("This elevation was approved already."),
    "refused": sentence("This elevation was refused."),
    "withdrawn": sentence("This elevation was withdrawn."),
    "ended": sentence("This elevation has ended."),
}


async def elevations(tx: Tx, by: Principal) -> list[Elevation]:
    """One's own; with access:read those of everyone."""
    return await store.page(tx, None if by.may(READ) else by.user_id)


async def find(tx: Tx, by: Principal, elevation_id: UUID, *, lock: bool = False) -> Elevation:
    """One's own, or with access:read that of anyone."""
    found = await store.get(tx, elevation_id, lock=lock)
    if found is None or not (found.member == by.user_id or by.may(READ)):
        raise NotFound("There is no such elevation.")
    return found


async def ask(house: House, tx: Tx, by: Principal, wish: granting.Wish, minutes: int) -> Elevation:
    """Ask for a role over a place for some minutes. It gives nothing until somebody else approves it."""
    if not SHORTEST <= minutes <= LONGEST:
        raise _wrong("/minutes", f"An elevation lasts {SHORTEST} to {LONGEST} minutes.")
    if not wish.reason.strip():
        raise _wrong("/reason", "Say what it is for: whoever approves it decides by that.")
    role = await roles.find(house, tx, wish.role)
    granting.check_place(house, wish.where, role)
    if await store.count_open(tx, by.user_id) >= OPEN:
        raise Conflict(f"{OPEN} requests of yours wait already.", cure="Withdraw some, or have them decided.")
    place = {name: getattr(wish.where, name) for name in Where.__struct_fields__}
    for name in ("cluster_ids", "namespaces"):
        place[name] = None if place[name] is None else sorted(set(place[name]))
    values = {"user_id": by.user_id, "role": role.id, "role_name": role.name, "minutes": minutes}
    created = await store.insert(tx, place | values | {"reason": wish.reason.strip()})
    found = await find(tx, by, created)
    await record(tx, by, "elevation.asked", f"elevations/{created}", _told(found) | {"reason": found.reason})
    return found


async def approve(house: House, tx: Tx, by: Principal, elevation_id: UUID, note: str = "") -> Elevation:
    """Make it a grant from now on. Needs access:write and all that is asked for; nobody approves their own."""
    found = await _decidable(tx, by, elevation_id)
    ends_at = datetime.now(UTC) + timedelta(minutes=found.minutes)
    grant = await granting.grant(house, tx, by, _wish(found, ends_at))
    await store.approve(tx, found.id, by.user_id, note.strip(), grant_id=grant.id, ends_at=ends_at)
    detail = _told(found) | {"grant": str(grant.id), "expires_at": ends_at.isoformat()}
    await record(tx, by, "elevation.approved", f"elevations/{found.id}", detail)
    return await find(tx, by, found.id)


async def refuse(house: House, tx: Tx, by: Principal, elevation_id: UUID, note: str = "") -> Elevation:
    """Say no. Whoever could approve it may refuse it."""
    found = await _decidable(tx, by, elevation_id)
    await granting.may_give(house, tx, by.grants, _wish(found, datetime.now(UTC) + timedelta(minutes=found.minutes)))
    await store.refuse(tx, found.id, by.user_id, note.strip())
    await record(tx, by, "elevation.refused", f"elevations/{found.id}", _told(found) | {"note": note.strip()})
    return await find(tx, by, found.id)


async def withdraw(tx: Tx, by: Principal, elevation_id: UUID) -> Elevation:
    """Take one's own request back, or end the grant that it became before its time."""
    found = await find(tx, by, elevation_id, lock=True)
    if found.member != by.user_id:
        raise Denied("Only whoever asked for it withdraws it.", cure="Refuse it, or revoke the grant that it became.")
    if found.state not in ("pending", "approved"):
        raise Conflict(_NOT_OPEN[found.state], cure="Ask anew if you need it again.")
    if found.grant and (grant := await grants.get(tx, found.grant)):
        async with granting.keeping_an_owner(tx):
            await granting.take(tx, by, [grant], why="elevation withdrawn")
    await store.withdraw(tx, found.id)
    await record(tx, by, "elevation.withdrawn", f"elevations/{found.id}", _told(found))
    return await find(tx, by, found.id)


async def end(tx: Tx) -> int:
    """Put those on record whose grant has ended or was revoked; how many. None counts, with or without this."""
    open_ = await store.get_approved(tx)
    standing = await grants.standing(tx, [each.grant for each in open_])
    ended = [each for each in open_ if each.grant not in standing]
    await store.end(tx, [each.id for each in ended])
    for each in ended:
        detail = {"member": str(each.member), "role": each.role_name}
        await record(tx, None, "elevation.ended", f"elevations/{each.id}", detail)
    return len(ended)


async def _decidable(tx: Tx, by: Principal, elevation_id: UUID) -> Elevation:
    by.require(WRITE)
    found = await find(tx, by, elevation_id, lock=True)
    if found.member == by.user_id:
        raise Denied("Nobody decides on their own elevation.", cure="Ask someone else who could grant it.")
    if found.state != "pending" or found.stale:
        raise Conflict(_NOT_OPEN["stale" if found.stale else found.state], cure="Whoever needs it may ask anew.")
    return found


def _wish(found: Elevation, ends_at: datetime) -> granting.Wish:
    return granting.Wish(
        subject=Subject("user", str(found.member)),
        role=found.role,
        where=found.where,
        expires_at=ends_at,
        reason=found.reason,
    )


def _told(found: Elevation) -> dict[str, str | int]:
    return {"member": str(found.member), "role": found.role_name, "minutes": found.minutes}


def _wrong(pointer: str, detail: str) -> Invalid:
    return Invalid(detail, errors=(FieldError(pointer, detail),))
