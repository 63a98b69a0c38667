"""Every row about one person, wherever the schema has one, and the exports made of them.

The tables are read from the catalogue: whatever has a `user_id` is about somebody. So no slice can be forgotten, and
none has to be known here.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from basefly.base.db.transaction import Tx, sql
from basefly.core.privacy.model import SECRET, Export, Table

MOST = 100_000  # rows of one table
# What erasing leaves; all other rows about a person go.
STAYING = {
    "api_tokens": "revoked; the audit refers to them",
    "data_exports": "emptied by themselves",
    "elevations": "who had which right, and when",
    "grants": "taken back with the membership",
    "members": "when someone was one",
    "sessions": "without address and browser",
    "team_members": "left with the membership",
    "views": "addresses of lists; the shared ones are the organization's",
}


async def get_tables(tx: Tx) -> list[Table]:
    """Tables with rows about people, without columns that are keys to something."""
    found = await tx.all(
        Table,
        """select c.relname::text as name, bool_or(a.attname = 'org_id') as tenant,
                  array_agg(a.attname::text order by a.attnum) filter (where a.atttypid <> 'bytea'::regtype) as columns
           from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
           where c.relnamespace = current_schema()::regnamespace and c.relkind in ('r', 'p') and not c.relispartition
             and has_table_privilege(c.oid, 'select')
           group by c.oid, c.relname having bool_or(a.attname = 'user_id' and a.atttypid = 'uuid'::regtype)
           order by c.relname""",
    )
    return [Table(t.name, t.tenant, [each for each in t.columns if not SECRET.search(each)]) for t in found]


async def get_rows(tx: Tx, table: Table, user_id: UUID) -> list[dict[str, Any]]:
    """What a table has about a person, in the organization of `tx`."""
    columns = sql.SQL(", ").join(map(sql.Identifier, table.columns))
    where = sql.SQL("user_id = %(user)s") + (sql.SQL(" and org_id = %(org)s") if table.tenant else sql.SQL(""))
    query = sql.SQL("select to_jsonb(t) as row from (select {} from {} where {} limit {}) t").format(
        columns, sql.Identifier(table.name), where, sql.Literal(MOST)
    )
    return await tx.all(dict, query, {"user": user_id, "org": tx.org_id})


async def delete_rows(tx: Tx, user_id: UUID) -> None:
    """Forget what a person signed in with, and who they were elsewhere, in the organization of `tx`."""
    for table in await get_tables(tx):
        if table.name not in STAYING:
            where = sql.SQL("user_id = %(user)s") + (sql.SQL(" and org_id = %(org)s") if table.tenant else sql.SQL(""))
            query = sql.SQL("delete from {} where {}").format(sql.Identifier(table.name), where)
            await tx.execute(query, {"user": user_id, "org": tx.org_id})


async def get_person(tx: Tx, user_id: UUID) -> dict[str, Any]:
    """The person themselves."""
    query = "select id, home_org_id, email, name, preferences, created_at from users where id = %s"
    return await tx.one(dict, query, [user_id]) or {}


async def insert_export(tx: Tx, user_id: UUID, operation_id: UUID) -> UUID:
    """Keep that someone wants their data; what is older than its time goes."""
    await tx.execute("delete from data_exports where org_id = %s and expires_at < now()", [tx.org_id])
    created: UUID = await tx.value(
        "insert into data_exports (org_id, user_id, operation_id) values (%s, %s, %s) returning id",
        [tx.org_id, user_id, operation_id],
    )
    return created


async def get_ordered(tx: Tx, operation_id: UUID) -> UUID | None:
    """The export that an operation makes."""
    query = "select id from data_exports where org_id = %s and operation_id = %s"
    return await tx.one(UUID, query, [tx.org_id, operation_id])


async def fill_export(tx: Tx, export_id: UUID, sealed: bytes, size: int) -> None:
    """Keep what was collected."""
    query = "update data_exports set sealed = %s, size = %s where org_id = %s and id = %s"
    await tx.execute(query, [sealed, size, tx.org_id, export_id])


async def page_exports(tx: Tx, user_id: UUID) -> list[Export]:
    """One's own exports, newest first."""
    return await tx.all(Export, f"{_SELECT} order by e.created_at desc limit 20", [tx.org_id, user_id])


async def get_export(tx: Tx, user_id: UUID, export_id: UUID) -> Export | None:
    """One of one's own exports."""
    return await tx.one(Export, f"{_SELECT} and e.id = %s", [tx.org_id, user_id, export_id])


async def get_sealed(tx: Tx, user_id: UUID, export_id: UUID) -> bytes | None:
    """What was collected, sealed."""
    query = """select sealed from data_exports where org_id = %s and user_id = %s and id = %s and expires_at > now()"""
    sealed: bytes | None = await tx.value(query, [tx.org_id, user_id, export_id])
    return sealed


async def delete_exports(tx: Tx, user_id: UUID) -> None:
    """Forget every export of a person."""
    await tx.execute("delete from data_exports where org_id = %s and user_id = %s", [tx.org_id, user_id])


async def get_organizations(tx: Tx) -> list[UUID]:
    """Every organization: someone may have been in any of them."""
    return await tx.all(UUID, "select id from organizations order by created_at")


_SELECT = """
    select e.id, o.state, e.size, e.created_at, e.expires_at
    from data_exports e join operations o on (o.org_id, o.id) = (e.org_id, e.operation_id)
    where e.org_id = %s and e.user_id = %s and e.expires_at > now()"""
