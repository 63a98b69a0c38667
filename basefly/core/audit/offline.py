"""Verifying without a hub: for whoever operates it, with the database and the folder of checkpoints at hand."""

from __future__ import annotations

from typing import Any

import msgspec

from basefly.base.db.pool import Database
from basefly.base.settings import Settings
from basefly.core.audit.chain import store
from basefly.core.audit.chain.verifying import verify
from basefly.core.audit.model import Verdict


async def verify_all(settings: Settings, url: str) -> dict[str, dict[str, Any]]:
    """What verifying finds for every organization, by its id."""
    db = await Database.open(url, max_size=2)
    try:
        async with db.transaction() as tx:
            organizations = await store.get_organizations(tx)
        found: dict[str, dict[str, Any]] = {}
        for org_id in organizations:
            async for told in verify(db, settings, org_id):
                if isinstance(told, Verdict):
                    found[str(org_id)] = msgspec.to_builtins(told)
        return found
    finally:
        await db.close()
