"""Custom resources and the columns of their definitions, from the simulator's truth to the rows."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

from basefly.base.db.pool import Database
from basefly.base.kube.client import Client
from basefly.core.sync.cluster import ClusterSync
from basefly.core.sync.writing.writer import Writer
from basefly.sim import Cluster
from tests.core.sync.conftest import Equal, Rows, eventually, running
from tests.core.sync.test_cluster import QUICK, definition

BACKUPS = "backups.example.com"
DEFINITIONS = "customresourcedefinitions.apiextensions.k8s.io"
COLUMNS: list[dict[str, Any]] = [
    {"name": "Ready", "type": "string", "jsonPath": '.status.conditions[?(@.type=="Ready")].status'},
    {"name": "Copies", "type": "integer", "jsonPath": ".spec.copies"},
    {"name": "Last Run", "type": "date", "jsonPath": ".status.lastRun", "priority": 1},
    {"name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp"},
]


def backups(columns: list[dict[str, Any]]) -> dict[str, Any]:
    whole = definition("backups")
    whole["spec"]["versions"][0]["additionalPrinterColumns"] = columns
    return whole


def backup(name: str = "nightly") -> dict[str, Any]:
    return {
        "apiVersion": "example.com/v1",
        "kind": "Backup",
        "metadata": {"name": name, "namespace": "default"},
        "spec": {"copies": 3, "password": "not-to-be-kept"},
        "status": {"lastRun": "2026-01-01T00:00:00Z", "conditions": [{"type": "Ready", "status": "True"}]},
    }


def holds(rows: Rows, cells: dict[str, Any]) -> Callable[[], Awaitable[bool]]:
    """Whether the backup's row has these cells."""

    async def check() -> bool:
        found = await rows(BACKUPS)
        return {path: row.cells for path, row in found.items()} == {"default/nightly": cells}

    return check


WHOLE = {"ready": "True", "copies": 3, "last-run": "2026-01-01T00:00:00Z"}


async def test_the_columns_become_cells_and_nothing_else_is_kept(
    cluster: Cluster, rows: Rows, synced: ClusterSync
) -> None:
    cluster.api.create(backups(COLUMNS))
    cluster.api.create(backup())
    await eventually(holds(rows, WHOLE))


async def test_a_change_of_a_shown_field_is_followed(cluster: Cluster, rows: Rows, synced: ClusterSync) -> None:
    cluster.api.create(backups(COLUMNS))
    cluster.api.create(backup())
    await eventually(holds(rows, WHOLE))
    cluster.api.change(BACKUPS, "nightly", by=lambda whole: whole["spec"].update(copies=4))
    await eventually(holds(rows, WHOLE | {"copies": 4}))


async def test_another_definition_has_the_objects_read_anew(
    cluster: Cluster, rows: Rows, equal: Equal, synced: ClusterSync
) -> None:
    cluster.api.create(backups(COLUMNS))
    cluster.api.create(backup())
    await eventually(holds(rows, WHOLE))

    def change(to: list[dict[str, Any]]) -> None:
        cluster.api.change(
            DEFINITIONS, BACKUPS, by=lambda whole: whole["spec"]["versions"][0].update(additionalPrinterColumns=to)
        )

    change([{"name": "Copies", "type": "integer", "jsonPath": ".spec.copies"}])
    await eventually(holds(rows, {"copies": 3}))
    change([])
    await eventually(holds(rows, {}))


async def test_a_hub_that_starts_again_goes_on_where_it_stood(
    cluster: Cluster, rows: Rows, db: Database, org: UUID, cluster_id: UUID, writer: Writer, client: Client
) -> None:
    def begin() -> ClusterSync:
        return ClusterSync(db, writer, org_id=org, cluster_id=cluster_id, pace=QUICK)

    async with running(begin().run(client)):
        cluster.api.create(backups(COLUMNS))
        cluster.api.create(backup())
        await eventually(holds(rows, WHOLE))
    cluster.api.change(BACKUPS, "nightly", by=lambda whole: whole["spec"].update(copies=5))
    cluster.requests.clear()
    async with running(begin().run(client)):
        await eventually(holds(rows, WHOLE | {"copies": 5}))
    assert not any(r.is_list and "/backups" in r.path for r in cluster.requests)
