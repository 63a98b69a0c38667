"""Random edits over the real API: after each, nobody has more than whoever made it had before."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID

import pytest

from basefly.core.access.rights import holdings
from tests.core.access.people import cluster
from tests.people import Hub, Person, join

NAMESPACES = ("shop", "search")
ROLES = ("owner", "admin", "operator", "developer", "viewer", "billing")
HOURS = (None, 2, 4)
EDITS = 40

Atoms = frozenset[tuple[str, str, str, int]]


async def powers(hub: Hub, people: Mapping[UUID, Person], clusters: list[UUID]) -> dict[UUID, Atoms]:
    """What each may, taken apart: permission, cluster, namespace, and until when (hours)."""
    now = datetime.now(UTC)
    found: dict[UUID, Atoms] = {}
    org_id = next(iter(people.values())).by.org_id
    async with hub.house.db.transaction(org_id) as tx:
        for user_id in people:
            found[user_id] = frozenset(
                (permission, str(each), namespace, hour)
                for grant in await holdings.of(hub.house, tx, user_id)
                for permission in grant.permissions
                for each in (*clusters, "one to come")
                if grant.clusters is None or each in grant.clusters
                for namespace in (*NAMESPACES, "another", "the cluster itself")
                if grant.namespaces is None or namespace in grant.namespaces
                for hour in (0, 1, 3, 100)
                if grant.ends_at is None or grant.ends_at > now + timedelta(hours=hour)
            )
    return found


async def edit(chance: Random, by: Person, people: list[UUID], clusters: list[UUID], team: str) -> int:
    """One random edit; the status of its answer."""
    someone = str(chance.choice(people))
    kind = chance.choice(["grant"] * 5 + ["revoke", "role", "team", "leave team", "own role"])
    if kind == "grant":
        answer = await by.http.post("/api/v1/grants", json=_grant(chance, someone, clusters, team))
    elif kind == "revoke":
        listed = await by.http.get("/api/v1/grants")
        ids = [each["id"] for each in listed.json().get("items", [])] or ["0" * 8 + "-0000-4000-8000-" + "0" * 12]
        answer = await by.http.delete(f"/api/v1/grants/{chance.choice(ids)}")
    elif kind == "role":
        answer = await by.http.patch(f"/api/v1/members/{someone}", json={"role": chance.choice((*ROLES, "own"))})
    elif kind == "team":
        answer = await by.http.post(f"/api/v1/teams/{team}/members", json={"member": someone})
    elif kind == "leave team":
        answer = await by.http.delete(f"/api/v1/teams/{team}/members/{someone}")
    else:
        listed = await by.http.get("/api/v1/roles")
        own = [each["id"] for each in listed.json().get("items", []) if not each["builtin"]]
        held = ["audit:read", "access:write", "access:own", "clusters:write", "inventory:read"]
        body = {"permissions": chance.sample(held, chance.randint(1, 3))}
        answer = await by.http.patch(f"/api/v1/roles/{own[0] if own else 'own'}", json=body)
    return answer.status_code


def _grant(chance: Random, someone: str, clusters: list[UUID], team: str) -> dict[str, Any]:
    where: dict[str, Any] = chance.choice(
        [
            {"clusters": "all"},
            {"clusters": "ids", "cluster_ids": [str(each) for each in chance.sample(clusters, chance.randint(1, 2))]},
            {"clusters": "labels", "labels": "env=dev"},
            {"clusters": "region", "region": "eu"},
        ]
    )
    if chance.random() < 0.3:
        where = where | {"namespaces": chance.sample(NAMESPACES, 1)}
    subject = {"kind": "team", "id": team} if chance.random() < 0.2 else {"kind": "user", "id": someone}
    body: dict[str, Any] = {"subject": subject, "role": chance.choice((*ROLES, "own")), "where": where}
    if hours := chance.choice(HOURS):
        body["expires_at"] = (datetime.now(UTC) + timedelta(hours=hours)).isoformat()
    return body


@pytest.mark.parametrize("seed", [1, 2])
async def test_nobody_exceeds_the_one_who_granted(hub: Hub, owner: Person, seed: int) -> None:
    chance = Random(seed)  # noqa: S311  # a seed finds a sequence again
    org = owner.by.org_id
    clusters = [
        await cluster(hub, org, "one", region="eu", env="dev"),
        await cluster(hub, org, "two", region="eu"),
        await cluster(hub, org, "three", env="dev"),
    ]
    made = await owner.http.post("/api/v1/roles", json={"name": "own", "permissions": ["audit:read", "access:write"]})
    assert made.status_code == 201
    team = (await owner.http.post("/api/v1/teams", json={"name": "Team"})).json()["id"]
    async with contextlib.AsyncExitStack() as stack:
        people = {owner.by.user_id: owner}
        for name, role in (("ada", "admin"), ("lea", "operator"), ("vic", "viewer")):
            person = await stack.enter_async_context(join(hub, name, role, org))  # type: ignore[arg-type]  # a role of ours
            people[person.by.user_id] = person
        allowed = 0
        for _ in range(EDITS):
            by = chance.choice(list(people.values()))
            before = await powers(hub, people, clusters)
            status = await edit(chance, by, list(people), clusters, team)
            assert status < 500
            after = await powers(hub, people, clusters)
            allowed += status < 300
            for user_id in people:
                assert after[user_id] - before[user_id] <= before[by.by.user_id], (seed, status)
                assert status < 300 or after[user_id] == before[user_id]
            assert any(("access:own", "one to come", "another", 100) in each for each in after.values())
    assert allowed >= 5
