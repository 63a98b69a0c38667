"""How fresh an answer is: pages, which ask only about the clusters that may lack a part, say the same as the rules."""

from __future__ import annotations

from itertools import product
from uuid import UUID

from basefly.base.db.pool import Database
from basefly.core.clusters import store as clusters
from basefly.core.inventory.answers import standing

HEALTH = ("healthy", "degraded", "unreachable", "unknown")
ANSWERED = (None, 1, 20, 28, 40, 200)  # seconds ago
STREAMS = (
    (),
    (("live", 0, 1),),
    (("live", 0, 100),),
    (("live", 0, 148),),
    (("live", 0, 300),),
    (("live", 0, None),),
    (("live", 2, 1),),
    (("listing", 0, None),),
    (("retrying", 0, 1),),
    (("denied", 0, 1),),
    (("live", 0, 1), ("failed", 0, 1)),
    (("live", 0, 1), ("live", 0, 300)),
)


async def fill(db: Database, org: UUID) -> None:
    """A cluster for every mixture of health, age of the last answer, and streams of pods and of nodes."""
    async with db.transaction(org) as tx:
        for number, (health, answered, streams) in enumerate(product(HEALTH, ANSWERED, STREAMS)):
            cluster = await tx.value(
                "insert into clusters (org_id, name, health, health_reason, answered_at)"
                " values (%s, %s, %s, %s, now() - %s * interval '1 s') returning id",
                [org, f"c{number}", health, "" if health == "healthy" else "why", answered],
            )
            for resource, (state, skipped, seen) in zip(("pods", "nodes"), streams, strict=False):
                await tx.execute(
                    "insert into sync_streams (org_id, cluster_id, resource, kind, version, namespaced, state, skipped,"
                    " reason, as_of)"
                    " values (%s, %s, %s, 'Thing', 'v1', true, %s, %s, 'why', now() - %s * interval '1 s')",
                    [org, cluster, resource, state, skipped, seen],
                )


async def test_pages_miss_whom_the_rules_miss(db: Database, org: UUID) -> None:
    await fill(db, org)
    async with db.transaction(org) as tx:
        every = list(await clusters.get_states(tx))
        few = every[:50]
        for asked in (every, few):
            for resources in (["pods"], ["pods", "nodes"]):
                ages, lacking = await standing(tx, asked, resources)
                none, quickly = await standing(tx, asked, resources, ages=False)
                assert len(ages) == len(asked)
                assert none == {}
                told = {part.name: part.reason for part in lacking}
                assert {part.name: part.reason for part in quickly} == told
                assert 0 < len(told) < len(asked)
