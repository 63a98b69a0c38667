"""What tests of access say often."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import httpx

from tests.people import Hub, Person


async def cluster(hub: Hub, org_id: UUID, name: str, region: str = "", **labels: str) -> UUID:
    """A registered cluster, as a row: nobody connects to it."""
    async with hub.house.db.transaction(org_id) as tx:
        created: UUID = await tx.value(
            "insert into clusters (org_id, name, region, labels) values (%s, %s, %s, %s) returning id",
            [org_id, name, region, labels],
        )
    return created


async def give(giver: Person, to: Person | UUID, role: str, *, kind: str = "user", **more: Any) -> httpx.Response:
    """Ask for a grant; `more` are further fields of it."""
    id_ = to.by.user_id if isinstance(to, Person) else to
    body = {"subject": {"kind": kind, "id": str(id_)}, "role": role, **more}
    return await giver.http.post("/api/v1/grants", json=body)


async def given(giver: Person, to: Person | UUID, role: str, **more: Any) -> dict[str, Any]:
    """A grant that was given."""
    answer = await give(giver, to, role, **more)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def bare(owner: Person, person: Person) -> None:
    """Take all that someone holds directly."""
    listed = (await owner.http.get(f"/api/v1/grants?subject=user/{person.by.user_id}")).json()["items"]
    for each in listed:
        assert (await owner.http.delete(f"/api/v1/grants/{each['id']}")).status_code == 204


async def permissions(person: Person) -> set[str]:
    """What someone may, anywhere."""
    return set((await person.http.get("/api/v1/me")).json()["permissions"])


async def clusters(person: Person) -> set[str]:
    """The names of the clusters that someone sees."""
    return {each["name"] for each in (await person.http.get("/api/v1/clusters")).json()["items"]}
