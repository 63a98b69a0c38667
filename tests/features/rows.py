"""Rows of the inventory as the sync would write them, for tests that need no cluster behind them."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from basefly.base.db import Jsonb
from tests.people import Hub


async def register(hub: Hub, org: UUID, name: str) -> UUID:
    """A cluster that nobody follows."""
    async with hub.house.db.transaction(org) as tx:
        found: UUID = await tx.value("insert into clusters (org_id, name) values (%s, %s) returning id", [org, name])
    return found


async def put(hub: Hub, org: UUID, cluster: UUID, resource: str, name: str, **given: Any) -> None:
    """A row, as the sync would write it."""
    row = {"namespace": "shop", "health": "ok", "status": "Ready", "owner": "", "labels": {}, "cells": {}, **given}
    async with hub.house.db.transaction(org) as tx:
        await tx.execute(
            """insert into objects (org_id, cluster_id, resource, uid, namespace, name, resource_version, created_at,
                                    status, health, owner_uid, labels, cells, digest)
               values (%s, %s, %s, %s, %s, %s, '1', now(), %s, %s, %s, %s, %s, 1)""",
            [org, cluster, resource, given.get("uid", f"{resource}-{name}"), row["namespace"], name, row["status"],
             row["health"], row["owner"], Jsonb(row["labels"]), Jsonb(row["cells"])],
        )  # fmt: skip
