"""The operations themselves: collect everything about a person, and forget a person."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial
from typing import Any
from uuid import UUID

import msgspec

from basefly.base.db.transaction import Tx
from basefly.base.errors import NotFound, Unavailable
from basefly.base.runtime.house import House
from basefly.base.runtime.operations import Running, Work
from basefly.core.access import actions as access
from basefly.core.audit import personal
from basefly.core.audit import store as records
from basefly.core.audit.actions import record
from basefly.core.audit.model import Filter
from basefly.core.identity import store as people
from basefly.core.privacy import store
from basefly.core.privacy.actions import ERASE, EXPORT, check_owner, purpose

MOST_RECORDS = 20_000  # of what someone did


def works(house: House) -> dict[str, Work]:
    """What each kind of operation does."""
    return {EXPORT: export, ERASE: partial(erase, house)}


async def export(running: Running) -> Any:
    """Collect, and keep sealed until it is fetched."""
    user_id = UUID(running.operation.input["user"])

    async def collect(tx: Tx) -> int:
        export_id = await store.get_ordered(tx, running.operation.id)
        if export_id is None:
            raise NotFound("The export is not wanted any more.")
        if tx.sealer is None:
            raise Unavailable("There is no vault to keep the export.")
        content = msgspec.json.format(msgspec.json.encode(await collected(tx, user_id)), indent=2)
        await store.fill_export(
            tx, export_id, await tx.sealer.seal(tx, content, purpose=purpose(export_id)), len(content)
        )
        return len(content)

    return await running.write("collect", collect, into=int)


async def collected(tx: Tx, user_id: UUID) -> dict[str, Any]:
    """Everything that the organization's tables have about a person, and what the audit says that they did."""
    tables = {table.name: await store.get_rows(tx, table, user_id) for table in await store.get_tables(tx)}
    did = await records.page(tx, Filter(actor=user_id), after=None, limit=MOST_RECORDS)
    return {
        "made_at": datetime.now(UTC),
        "person": await store.get_person(tx, user_id),
        "tables": {name: [row["row"] for row in rows] for name, rows in tables.items() if rows},
        "audit": await personal.opened(tx, did),
    }


async def erase(house: House, running: Running) -> Any:
    """Forget a person, step by step; whoever dies in between has the rest done by the next."""
    user_id = UUID(running.operation.input["user"])

    async def leave(tx: Tx) -> None:
        await check_owner(tx, user_id)
        await access.end_membership(tx, None, user_id, "member.left")

    async def forget(tx: Tx) -> None:
        await people.erase_sessions(tx, user_id)
        await store.delete_exports(tx, user_id)
        await store.delete_rows(tx, user_id)
        await personal.forget(tx, user_id)

    async def elsewhere() -> None:
        async with house.db.transaction() as tx:
            every = await store.get_organizations(tx)
        for org_id in every:
            async with house.db.transaction(org_id) as tx:
                await forget(tx)

    async def end(tx: Tx) -> None:
        await people.erase_user(tx, user_id)
        await record(tx, None, "person.erased", f"users/{user_id}", on_behalf_of=user_id)

    await running.write("leave", leave)
    await running.step("forget", elsewhere)
    await running.write("end", end)
    return {"erased": str(user_id)}
