"""What the pods on nodes ask of them, beside what the nodes have."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from basefly.base.db.transaction import Tx
from basefly.base.principal import Scope
from basefly.core.inventory.model import InventoryObject
from basefly.core.inventory.store import objects

NOTHING = {"pods": 0, "cpu": 0, "memory": 0}
KEPT = 5.0  # s: a page of nodes has ten thousand pods, which are added up anew that often


async def with_loads(tx: Tx, scope: Scope, nodes: Sequence[InventoryObject]) -> list[InventoryObject]:
    """The nodes with a cell `requested`: pods (a number), cpu (cores) and memory (bytes)."""
    if not nodes:
        return []
    asked_of = tuple((node.cluster.id, node.name) for node in nodes)
    found = await tx.kept(("loads", scope, asked_of), lambda tx: objects.get_loads(tx, scope, asked_of), seconds=KEPT)
    asked = {(one.cluster_id, one.node): {"pods": one.pods, "cpu": one.cpu, "memory": one.memory} for one in found}
    cells = [{**node.cells, "requested": asked.get((node.cluster.id, node.name), NOTHING)} for node in nodes]
    return [msgspec.structs.replace(node, cells=held) for node, held in zip(nodes, cells, strict=True)]
