"""Removal that can be undone: a thing and all that hangs on it get the same `deleted_at`, and lose it again together.

Foreign keys are RESTRICT, so nothing ever vanishes by itself. Children go before their parents and come back after
them. Small things go in one transaction; large ones in several, which any process may continue by asking again.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import msgspec

from basefly.base.db.failures import Duplicate
from basefly.base.db.pool import Database
from basefly.base.db.transaction import Tx, sql
from basefly.base.errors import Conflict, NotFound

CHUNK = 1000  # rows a transaction marks, so that locks are short


class Part(msgspec.Struct, frozen=True):
    """A table whose rows hang on `parent` by `key`. Like the root it has org_id, deleted_at and the key `id`."""

    table: str
    parent: str
    key: str
    id: str = "id"


class Plan(msgspec.Struct, frozen=True):
    """What goes with a root: parents stand before their children. `above` are the tables that the root hangs on."""

    root: str
    parts: tuple[Part, ...] = ()
    above: tuple[tuple[str, str], ...] = ()  # (table, the root's column)


class Archival(msgspec.Struct, frozen=True):
    """The record of one removal. `state` is archiving, archived, restoring or restored; `counts` rows by table."""

    id: UUID
    root: str
    root_id: UUID
    state: str
    archived_at: datetime
    archived_by: UUID | None
    restored_by: UUID | None
    counts: dict[str, int]


async def archive(db: Database, plan: Plan, *, org_id: UUID, root_id: UUID, by: UUID | None = None) -> Archival:
    """Remove the root with all its parts, or go on with a removal that was interrupted.

    The root goes last: until then its name stays taken. Raises NotFound if there is no such root, or none any more.
    Whoever adds parts meanwhile locks the root `for key share` and finds it alive.
    """
    while True:
        async with db.transaction(org_id) as tx:
            archival = await _open(tx, plan, root_id, by)
            if await _advance(tx, plan, archival, restoring=False):
                await _mark(tx, plan.root, archival, alive=False)
                return await _end(tx, archival, "archived")


async def restore(db: Database, plan: Plan, *, org_id: UUID, root_id: UUID, by: UUID | None = None) -> Archival:
    """Bring back what one removal took, and nothing that was removed before it; or go on doing so.

    Raises NotFound if it is not removed, and Conflict if its name is taken by now or what it hangs on is gone.
    """
    async with db.transaction(org_id) as tx:
        archival = await _reopen(tx, plan, root_id, by)
        await _check_above(tx, plan, root_id)
        try:
            await _mark(tx, plan.root, archival, alive=True)
        except Duplicate as error:
            raise Conflict(
                "Its place was taken since: there is another one like it.", cure="Rename or remove the other one first."
            ) from error
        if await _advance(tx, plan, archival, restoring=True):
            return await _end(tx, archival, "restored")
    while True:
        async with db.transaction(org_id) as tx:
            archival = await _reopen(tx, plan, root_id, by)
            if await _advance(tx, plan, archival, restoring=True):
                return await _end(tx, archival, "restored")


async def unfinished(tx: Tx) -> list[Archival]:
    """Removals and returns of this organization that somebody should go on with."""
    query = "select * from archivals where org_id = %s and state in ('archiving', 'restoring')"
    return await tx.all(Archival, query, [tx.org_id])


async def _open(tx: Tx, plan: Plan, root_id: UUID, by: UUID | None) -> Archival:
    """The removal under way, locked with its root; a new one if there is none."""
    query = sql.SQL("select true from {} where org_id = %s and id = %s and deleted_at is null for update")
    if not await tx.value(query.format(sql.Identifier(plan.root)), [tx.org_id, root_id]):
        raise NotFound(f"There is nothing to remove: {plan.root}/{root_id} is not there.")
    found = await _locked(tx, plan, root_id)
    if found is not None:
        return found
    created = await tx.one(
        Archival,
        "insert into archivals (org_id, root, root_id, state, archived_at, archived_by)"
        " values (%s, %s, %s, 'archiving', clock_timestamp(), %s) returning *",
        [tx.org_id, plan.root, root_id, by],
    )
    if created is None:
        raise Conflict("The removal could not be recorded.")
    return created


async def _reopen(tx: Tx, plan: Plan, root_id: UUID, by: UUID | None) -> Archival:
    """The removal to undo, locked and marked as being undone."""
    found = await _locked(tx, plan, root_id)
    if found is None or found.state == "archiving":
        raise NotFound(f"There is nothing to restore: {plan.root}/{root_id} is not removed.")
    await tx.execute(
        "update archivals set state = 'restoring', restored_by = coalesce(restored_by, %s), finished_at = null"
        " where org_id = %s and id = %s",
        [by, tx.org_id, found.id],
    )
    return found


async def _locked(tx: Tx, plan: Plan, root_id: UUID) -> Archival | None:
    return await tx.one(
        Archival,
        "select * from archivals where org_id = %s and root = %s and root_id = %s and state <> 'restored' for update",
        [tx.org_id, plan.root, root_id],
    )


async def _check_above(tx: Tx, plan: Plan, root_id: UUID) -> None:
    for table, column in plan.above:
        query = sql.SQL(
            "select true from {root} r join {table} above on (above.org_id, above.id) = (r.org_id, r.{column})"
            " where r.org_id = %s and r.id = %s and above.deleted_at is null for key share of above"
        ).format(root=sql.Identifier(plan.root), table=sql.Identifier(table), column=sql.Identifier(column))
        if not await tx.value(query, [tx.org_id, root_id]):
            raise Conflict(f"What it belongs to ({table}) is removed.", cure="Restore that first.")


async def _mark(tx: Tx, table: str, archival: Archival, *, alive: bool) -> None:
    """Mark the root itself; doing it again changes nothing."""
    query = sql.SQL(
        "update {} set deleted_at = %(to)s where org_id = %(org_id)s and id = %(id)s"
        " and deleted_at is not distinct from %(from)s"
    ).format(sql.Identifier(table))
    was, becomes = (archival.archived_at, None) if alive else (None, archival.archived_at)
    await tx.execute(query, {"to": becomes, "org_id": tx.org_id, "id": archival.root_id, "from": was})


async def _advance(tx: Tx, plan: Plan, archival: Archival, *, restoring: bool) -> bool:
    """Mark up to CHUNK rows of the parts, in order; whether nothing is left to mark."""
    left = CHUNK
    counts = dict(archival.counts)
    for part in plan.parts if restoring else reversed(plan.parts):
        values = {
            "org_id": tx.org_id,
            "root_id": archival.root_id,
            "from": archival.archived_at if restoring else None,
            "to": None if restoring else archival.archived_at,
            "limit": left,
        }
        touched = await tx.execute(_chunk(plan, part), values)
        counts[part.table] = counts.get(part.table, 0) + touched * (-1 if restoring else 1)
        left -= touched
        if left <= 0:
            break
    await tx.execute("update archivals set counts = %s where org_id = %s and id = %s", [counts, tx.org_id, archival.id])
    return left > 0


def _chunk(plan: Plan, part: Part) -> sql.Composed:
    """The statement that marks the next rows of a part, wherever it hangs below the root."""
    return sql.SQL(
        "update {table} set deleted_at = %(to)s where org_id = %(org_id)s and {id} in ("
        "select {id} from {table} where org_id = %(org_id)s and deleted_at is not distinct from %(from)s"
        " and {below} limit %(limit)s for update)"
    ).format(table=sql.Identifier(part.table), id=sql.Identifier(part.id), below=_below(plan, part))


def _below(plan: Plan, part: Part) -> sql.Composable:
    """The condition that a row of this part hangs, through however many parents, on the root."""
    key = sql.Identifier(part.key)
    if part.parent == plan.root:
        return sql.SQL("{} = %(root_id)s").format(key)
    parent = next(above for above in plan.parts if above.table == part.parent)
    return sql.SQL("{} in (select {} from {} where org_id = %(org_id)s and {})").format(
        key, sql.Identifier(parent.id), sql.Identifier(parent.table), _below(plan, parent)
    )


async def _end(tx: Tx, archival: Archival, state: str) -> Archival:
    ended = await tx.one(
        Archival,
        "update archivals set state = %s, finished_at = clock_timestamp() where org_id = %s and id = %s returning *",
        [state, tx.org_id, archival.id],
    )
    if ended is None:
        raise Conflict("The removal's record is gone.")
    return ended
