"""The processes of one hub: each says that it lives, in which roles, and whoever falls silent is dead.

Only the database's clock counts, as with leases. A process that was paused is dead to the others until it speaks again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec
import structlog

from basefly import __version__
from basefly.base.db.pool import Database
from basefly.base.db.transaction import Tx
from basefly.base.errors import BaseflyError
from basefly.base.runtime.house import House
from basefly.base.settings import Role

TOPIC = "hub/processes"  # as subscribers without an organization hear it: somebody came or left
BEAT = 3.0  # s
LIFE = timedelta(seconds=10)  # without a beat
KEPT = timedelta(days=1)  # after which the rows of the dead go

log = structlog.get_logger(__name__)


class Process(msgspec.Struct, frozen=True, kw_only=True):
    """A role that a living process has. `ends_in` are the seconds after which it is dead unless it speaks again."""

    name: str
    role: Role
    regions: tuple[str, ...]
    version: str
    started_at: datetime
    seen_at: datetime
    ends_in: float


class Announcing:
    """A controller that says that this process lives, in each role but sync, which speaks for itself."""

    name = "processes"

    def __init__(self, house: House) -> None:
        self._house = house
        self._roles = [role for role in house.settings.role if role != "sync"]

    async def run(self) -> None:
        """Speak until cancelled, then say goodbye."""
        try:
            while True:
                try:
                    await announce(self._house.life, self._house.name, self._roles)
                except BaseflyError as error:
                    log.warning("nobody hears that this process lives", reason=str(error))
                await asyncio.sleep(BEAT)
        finally:
            await leave(self._house.db, self._house.name, self._roles)


async def announce(db: Database, name: str, roles: Sequence[Role], regions: Sequence[str] = ()) -> None:
    """Say that this process lives on, in these roles; whoever waits for TOPIC hears of one that is new."""
    values = {"name": name, "roles": list(roles), "regions": list(regions), "version": __version__, "life": LIFE}
    async with db.transaction() as tx:
        known = await tx.value(
            "select count(*) from processes where name = %(name)s and role = any (%(roles)s)"
            " and expires_at > clock_timestamp()",
            values,
        )
        await tx.execute(
            """
            insert into processes (name, role, regions, version, expires_at)
            select %(name)s, role, %(regions)s, %(version)s, clock_timestamp() + %(life)s
            from unnest(%(roles)s::text[]) as r (role)
            on conflict (name, role) do update
            set regions = excluded.regions, seen_at = clock_timestamp(), expires_at = excluded.expires_at
            """,
            values,
        )
        if known < len(roles):
            await tx.execute("delete from processes where expires_at < clock_timestamp() - %s::interval", [KEPT])
            await tell(tx, TOPIC)


async def leave(db: Database, name: str, roles: Sequence[Role]) -> None:
    """This process ends, or gives these roles up."""
    async with db.transaction() as tx:
        await tx.execute("delete from processes where name = %s and role = any (%s)", [name, list(roles)])
        await tell(tx, TOPIC)


async def living(tx: Tx, role: Role | None = None) -> list[Process]:
    """Who lives just now, by name; of one role when given."""
    query = """
        select name, role, regions, version, started_at, seen_at,
               extract(epoch from expires_at - clock_timestamp())::float8 as ends_in
        from processes where expires_at > clock_timestamp() and (%(role)s::text is null or role = %(role)s)
        order by name, role"""
    return await tx.all(Process, query, {"role": role})


async def tell(tx: Tx, topic: str) -> None:
    """A notice that concerns no organization, for controllers of other processes."""
    await tx.execute("select pg_notify('basefly', %s)", [topic])
