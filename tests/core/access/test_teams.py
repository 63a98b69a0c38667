"""Teams get grants together."""

from __future__ import annotations

from typing import Any

from tests.core.access.people import cluster, give, given, permissions
from tests.people import Hub, Person, join


async def team(owner: Person, name: str = "SRE") -> dict[str, Any]:
    answer = await owner.http.post("/api/v1/teams", json={"name": name})
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def test_whoever_is_in_it_holds_what_it_has(owner: Person, viewer: Person) -> None:
    made = await team(owner)
    members = f"/api/v1/teams/{made['id']}/members"
    await given(owner, made["id"], "admin", kind="team")
    added = await owner.http.post(members, json={"member": str(viewer.by.user_id)})
    assert [each["name"] for each in added.json()["items"]] == ["Vic"]
    assert "audit:read" in await permissions(viewer)
    assert (await viewer.http.get("/api/v1/me")).json()["role"] == "viewer"
    assert (await owner.http.delete(f"{members}/{viewer.by.user_id}")).status_code == 204
    assert "audit:read" not in await permissions(viewer)
    acts = [item["act"] for item in (await owner.http.get("/api/v1/audit?act=team")).json()["items"]]
    assert acts == ["team.member_removed", "team.member_added", "team.created"]


async def test_one_leaves_by_oneself_and_takes_nobody_along(owner: Person, viewer: Person) -> None:
    made = await team(owner)
    members = f"/api/v1/teams/{made['id']}/members"
    for person in (owner, viewer):
        await owner.http.post(members, json={"member": str(person.by.user_id)})
    assert (await viewer.http.delete(f"{members}/{owner.by.user_id}")).status_code == 403
    assert (await viewer.http.delete(f"{members}/{viewer.by.user_id}")).status_code == 204


async def test_nobody_adds_to_a_team_that_has_more_than_they(hub: Hub, owner: Person, viewer: Person) -> None:
    made = await team(owner)
    await given(owner, made["id"], "owner", kind="team")
    async with join(hub, "ada", "admin", owner.by.org_id) as ada:
        path = f"/api/v1/teams/{made['id']}/members"
        assert (await ada.http.post(path, json={"member": str(ada.by.user_id)})).status_code == 403
        assert (await owner.http.post(path, json={"member": str(viewer.by.user_id)})).status_code == 201
        assert (await ada.http.delete(f"{path}/{viewer.by.user_id}")).status_code == 403


async def test_with_grants_it_cannot_be_deleted(owner: Person, viewer: Person) -> None:
    made = await team(owner)
    grant = await given(owner, made["id"], "viewer", kind="team")
    await owner.http.post(f"/api/v1/teams/{made['id']}/members", json={"member": str(viewer.by.user_id)})
    assert (await owner.http.delete(f"/api/v1/teams/{made['id']}")).status_code == 409
    await owner.http.delete(f"/api/v1/grants/{grant['id']}")
    assert (await owner.http.delete(f"/api/v1/teams/{made['id']}")).status_code == 204
    assert (await owner.http.get("/api/v1/teams")).json()["items"] == []


async def test_a_reader_is_refused(owner: Person, viewer: Person) -> None:
    made = await team(owner)
    path = f"/api/v1/teams/{made['id']}"
    assert (await viewer.http.post("/api/v1/teams", json={"name": "x"})).status_code == 403
    assert (await viewer.http.patch(path, json={"name": "x"})).status_code == 403
    assert (await viewer.http.delete(path)).status_code == 403
    assert (await viewer.http.post(f"{path}/members", json={"member": str(viewer.by.user_id)})).status_code == 403


async def test_a_stranger_cannot_tell_that_it_exists(owner: Person, stranger: Person) -> None:
    made = await team(owner)
    path = f"/api/v1/teams/{made['id']}"
    assert (await stranger.http.get(path)).status_code == 404
    assert (await stranger.http.get(f"{path}/members")).status_code == 404
    assert (await stranger.http.delete(path)).status_code == 404
    assert (await stranger.http.delete(f"{path}/members/{owner.by.user_id}")).status_code == 404
    assert (await give(stranger, made["id"], "viewer", kind="team")).status_code == 422


async def test_a_cluster_s_grant_reaches_its_members(hub: Hub, owner: Person, viewer: Person) -> None:
    made = await team(owner)
    one = await cluster(hub, owner.by.org_id, "one")
    await given(owner, made["id"], "operator", kind="team", where={"clusters": "ids", "cluster_ids": [str(one)]})
    path = f"/api/v1/clusters/{one}"
    assert (await viewer.http.patch(path, json={"region": "eu"})).status_code == 403
    await owner.http.post(f"/api/v1/teams/{made['id']}/members", json={"member": str(viewer.by.user_id)})
    assert (await viewer.http.patch(path, json={"region": "eu"})).status_code == 200
