"""The pool: one tenant a transaction, whatever happened on the connection before."""

from __future__ import annotations

from uuid import UUID

from basefly.base.db.pool import Database


async def test_a_transaction_sees_its_own_organization_only(db: Database, org: UUID, other_org: UUID) -> None:
    async with db.transaction(org) as tx:
        await tx.execute("insert into operations (org_id, kind, input) values (%s, 'a', '{}')", [org])
    async with db.transaction(other_org) as tx:
        assert await tx.value("select count(*) from operations") == 0
    async with db.transaction() as tx:
        assert await tx.value("select count(*) from operations") == 0
    async with db.transaction(org) as tx:
        assert await tx.value("select count(*) from operations") == 1
