"""What the pods on nodes ask of them, beside what the nodes have."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from basefly.base.db.transaction import Tx
from basefly.base.principal import Scope
from basefly.core.inventory.model import InventoryObject
from basefly.core.inventory.store import objects


async def with_loads(tx: Tx, scope: Scope, nodes: Sequence[InventoryObject]) -> list[InventoryObject]:
    """The nodes with a cell `requested`: pods (a number), cpu (cores) and memory (bytes)."""
    found = await objects.get_loads(tx, scope, [(node.cluster.id, node.name) for node in nodes]) if nodes else []
    loads = {(load.cluster_id, load.node): load for load in found}
    told = []
    for node in nodes:
        load = loads.get((node.cluster.id, node.name))
        asked = (
            {"pods": load.pods, "cpu": load.cpu, "memory": load.memory} if load else {"pods": 0, "cpu": 0, "memory": 0}
        )
        told.append(msgspec.structs.replace(node, cells={**node.cells, "requested": asked}))
    return told
