"""Verifying without a hub: for whoever operates it, with the database and the folder of checkpoints at hand."""

from __future__ import annotations

from typing import Any

import msgspec

from basefly.base.db.pool import Database
from basefly.base.settings import Settings
from basefly.core.audit.chain import store
from basefly.core.audit.chain.verifying import verdict


async def verify_all(settings: Settings, url: str) -> dict[str, dict[str, Any]]:
    """What verifying finds for every organization, by its id."""
    db = await Database.open(url, max_size=2)
    try:
        async with db.transaction() as tx:
            organizations = await store.get_organizations(tx)
        return {str(org_id): msgspec.to_builtins(await verdict(db, settings, org_id)) for org_id in organizations}
    finally:
        await db.close()
