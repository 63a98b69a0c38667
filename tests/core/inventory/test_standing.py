"""How fresh an answer is: pages, which ask only about the clusters that may lack a part, say the same as the rules."""

from __future__ import annotations

from itertools import product
from uuid import UUID, uuid4

import pytest

from basefly.base.db.pool import Database
from basefly.base.principal import Principal
from basefly.core.clusters import store as clusters
from basefly.core.inventory import answers
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
        by = Principal(user_id=uuid4(), org_id=org, name="Mia", email="mia@example.com", grants=())
        for asked in (every, few):
            for resources in (["pods"], ["pods", "nodes"]):
                ages, lacking = await standing(tx, by, asked, resources)
                none, quickly = await standing(tx, by, asked, resources, ages=False)
                assert len(ages) == len(asked)
                assert none == {}
                told = {part.name: part.reason for part in lacking}
                assert {part.name: part.reason for part in quickly} == told
                assert 0 < len(told) < len(asked)


async def test_ages_of_many_are_remembered_until_one_fails(
    db: Database, org: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(answers, "FEW", 2)
    monkeypatch.setattr(answers, "AGES", 600.0)
    cluster = None
    async with db.transaction(org) as tx:
        for name in ("one", "two"):
            query = """
                insert into clusters (org_id, name, health, probed_at, answered_at)
                values (%s, %s, 'healthy', now(), now()) returning id"""
            cluster = await tx.value(query, [org, name])
            query = """
                insert into sync_streams (org_id, cluster_id, resource, kind, version, namespaced, state, as_of)
                values (%s, %s, 'pods', 'Pod', 'v1', true, 'live', now())"""
            await tx.execute(query, [org, cluster])
        every = list(await clusters.get_states(tx))
        by = Principal(user_id=uuid4(), org_id=org, name="Mia", email="mia@example.com", grants=())
        first = await standing(tx, by, every, ["pods"])
        assert first[1] == []
        await tx.execute("update sync_streams set as_of = now() - interval '10 s', listed_at = now()")
        assert await standing(tx, by, every, ["pods"]) == first
        assert await standing(tx, by, every, ["nodes"]) != first
        await tx.execute(
            "update sync_streams set state = 'failed', reason = 'it broke' where cluster_id = %s", [cluster]
        )
        assert [each.reason for each in (await standing(tx, by, every, ["pods"]))[1]] == ["it broke"]
        await tx.execute("update sync_streams set state = 'live', reason = '' where cluster_id = %s", [cluster])
        assert (await standing(tx, by, every, ["pods"]))[1] == []
