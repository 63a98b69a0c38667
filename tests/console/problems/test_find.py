"""Problems: what fails alike is one, the worst comes first, and each leads to exactly its list."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

from basefly.base.db.pool import Database
from basefly.base.principal import Grant, Principal
from basefly.console.problems.find import Problem, find, ranked
from basefly.core.clusters.model import ClusterState

EAST, WEST = UUID(int=1), UUID(int=2)


def state(cluster: UUID, name: str, health: str = "healthy") -> ClusterState:
    return ClusterState(
        id=cluster, name=name, region="", provider="", version="", health=health, health_reason="", probed_at=None
    )


async def insert(db: Database, org: UUID, cluster: UUID, resource: str, name: str, **more: Any) -> None:
    row = {"uid": f"{resource}/{name}", "status": "Running", "health": "ok", "owner": "", "namespace": "shop"} | more
    async with db.transaction(org) as tx:
        await tx.execute(
            "insert into clusters (org_id, id, name) values (%s, %s, %s) on conflict do nothing",
            [org, cluster, str(cluster)],
        )
        await tx.execute(
            """insert into objects (org_id, cluster_id, resource, uid, namespace, name, resource_version, created_at,
                                    status, health, owner_uid, labels, cells, digest)
               values (%s, %s, %s, %s, %s, %s, '1', now(), %s, %s, %s, '{}', '{}', 0)""",
            [org, cluster, resource, row["uid"], row["namespace"], name, row["status"], row["health"], row["owner"]],
        )


async def crash(db: Database, org: UUID, cluster: UUID) -> None:
    await insert(db, org, cluster, "deployments.apps", "checkout", status="Unavailable", health="bad")
    await insert(db, org, cluster, "replicasets.apps", "checkout-5d", owner="deployments.apps/checkout")
    owner = "replicasets.apps/checkout-5d"
    await insert(db, org, cluster, "pods", "checkout-5d-a", status="CrashLoopBackOff", health="bad", owner=owner)
    await insert(db, org, cluster, "pods", "checkout-5d-b", status="Error", health="bad", owner=owner)


async def found(db: Database, org: UUID, *, only: frozenset[UUID] | None = None) -> list[Problem]:
    by = Principal(UUID(int=9), org, "Vic", "v@example.com", (Grant(frozenset({"inventory:read"}), only),))
    async with db.transaction(org) as tx:
        return await find(tx, by, [state(EAST, "east"), state(WEST, "west")])


async def test_an_app_that_fails_alike_on_many_clusters_is_one_problem(db: Database, org: UUID) -> None:
    await crash(db, org, EAST)
    await crash(db, org, WEST)
    [problem] = await found(db, org)
    assert problem.title == "checkout crash looping on 2 clusters"
    assert problem.severity == "critical"
    assert problem.count == 4
    query = parse_qs(urlsplit(problem.href).query)
    assert urlsplit(problem.href).path == "/pods"
    assert query["cluster"] == ["east", "west"]
    assert query["q"] == ["checkout"]
    assert set(query["status"]) == {"CrashLoopBackOff", "Error"}


async def test_who_sees_one_cluster_is_told_of_that_alone(db: Database, org: UUID) -> None:
    await crash(db, org, EAST)
    await crash(db, org, WEST)
    [problem] = await found(db, org, only=frozenset({WEST}))
    assert problem.title == "checkout crash looping on west"
    assert problem.severity == "warning"


async def test_clusters_that_do_not_answer_come_first(db: Database, org: UUID) -> None:
    await crash(db, org, EAST)
    by = Principal(UUID(int=9), org, "Vic", "v@example.com", (Grant(frozenset({"inventory:read"})),))
    async with db.transaction(org) as tx:
        problems = await find(tx, by, [state(EAST, "east"), state(WEST, "west", "unreachable")])
    assert [problem.title for problem in problems] == ["west does not answer", "checkout crash looping on east"]
    assert ranked(problems[::-1]) == problems
