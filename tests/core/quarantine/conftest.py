"""A cluster with one object that cannot be read, and one that cannot even be told apart from others."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from basefly.core.sync.kind import unreadable
from basefly.core.sync.model import Place, Standing
from basefly.core.sync.store import merge, streams
from basefly.core.sync.store.merge import Change
from tests.core.inventory.test_api import berlin
from tests.core.sync.conftest import cluster, fleet
from tests.people import Hub, Person, house, hub, listener, owner, port, stranger, viewer

__all__ = ["berlin", "cluster", "fleet", "house", "hub", "listener", "owner", "port", "stranger", "viewer"]


@pytest.fixture
async def poisoned(berlin: dict[str, Any], hub: Hub, owner: Person) -> dict[str, Any]:
    """Both, as the sync would have set them aside."""
    cluster_id = UUID(berlin["id"])
    odd = unreadable("u-1", "default", "odd", "invalid character")
    async with hub.house.db.transaction(owner.by.org_id) as tx:
        await merge.upsert_objects(tx, [Change(Place(cluster_id, "configmaps"), odd)])
        nameless = Standing(skipped=2, reason="no JSON at all")
        await streams.update_standings(tx, {Place(cluster_id, "secrets"): nameless})
    return berlin
