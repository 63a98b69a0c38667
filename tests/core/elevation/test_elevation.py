"""Asked for with a reason, approved by a second person, over by itself."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest

from basefly.base.web.boundary.recall import Recall
from basefly.core.elevation.controller import ElevationController
from tests.base.web.test_live import listening
from tests.core.access.people import cluster, given, permissions
from tests.people import Hub, Person, join

ASK = {"role": "operator", "reason": "Incident 4711", "minutes": 30}
PATH = "/api/v1/elevations"


async def ask(person: Person, **more: Any) -> dict[str, Any]:
    answer = await person.http.post(PATH, json=ASK | more)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def decide(person: Person, made: dict[str, Any], what: str, **body: str) -> httpx.Response:
    return await person.http.post(f"{PATH}/{made['id']}/{what}", json=body)


async def expire(hub: Hub, person: Person, seconds: float = -1) -> None:
    """Let what someone was given end so many seconds from now."""
    async with hub.house.db.transaction(person.by.org_id) as tx:
        change = "set expires_at = now() + make_interval(secs => %s) where user_id = %s and expires_at is not null"
        await tx.execute(f"update grants {change}", [seconds, person.by.user_id])
    hub.house.get(Recall).forget()


async def test_asked_approved_and_over_by_itself(hub: Hub, owner: Person, viewer: Person) -> None:
    made = await ask(viewer)
    assert (made["state"], made["role_name"], made["minutes"]) == ("pending", "operator", 30)
    assert "clusters:write" not in await permissions(viewer)
    approved = (await decide(owner, made, "approvals", note="go")).json()
    assert (approved["state"], approved["decided_by_name"], approved["note"]) == ("approved", "Mia", "go")
    assert "clusters:write" in await permissions(viewer)
    await expire(hub, viewer)
    assert "clusters:write" not in await permissions(viewer)
    await ElevationController(hub.house).step()
    assert (await viewer.http.get(f"{PATH}/{made['id']}")).json()["state"] == "ended"
    acts = [item["act"] for item in (await owner.http.get("/api/v1/audit?act=elevation")).json()["items"]]
    assert acts == ["elevation.ended", "elevation.approved", "elevation.asked"]


async def test_a_revoked_grant_ends_it(hub: Hub, owner: Person, viewer: Person) -> None:
    made = await ask(viewer)
    approved = (await decide(owner, made, "approvals")).json()
    assert (await owner.http.delete(f"/api/v1/grants/{approved['grant']}")).status_code == 204
    await ElevationController(hub.house).step()
    assert (await viewer.http.get(f"{PATH}/{made['id']}")).json()["state"] == "ended"


async def test_withdrawn_early_it_is_gone_with_the_next_request(owner: Person, viewer: Person) -> None:
    made = await ask(viewer)
    await decide(owner, made, "approvals")
    assert (await decide(owner, made, "withdrawals")).status_code == 403
    assert (await decide(viewer, made, "withdrawals")).json()["state"] == "withdrawn"
    assert "clusters:write" not in await permissions(viewer)
    assert (await decide(viewer, made, "withdrawals")).status_code == 409


async def test_refused_it_gives_nothing(owner: Person, viewer: Person) -> None:
    made = await ask(viewer)
    refused = (await decide(owner, made, "refusals", note="use the runbook")).json()
    assert (refused["state"], refused["note"]) == ("refused", "use the runbook")
    assert (await decide(owner, made, "approvals")).status_code == 409
    assert "clusters:write" not in await permissions(viewer)


class TestWhoDecides:
    async def test_nobody_their_own(self, owner: Person) -> None:
        made = await ask(owner)
        assert (await decide(owner, made, "approvals")).status_code == 403
        assert (await decide(owner, made, "refusals")).status_code == 403

    async def test_only_who_could_grant_it(self, hub: Hub, owner: Person, viewer: Person) -> None:
        made = await ask(viewer, role="owner")
        async with (
            join(hub, "ada", "admin", owner.by.org_id) as ada,
            join(hub, "op", "operator", owner.by.org_id) as op,
        ):
            for person in (ada, op):
                assert (await decide(person, made, "approvals")).status_code == 403
                assert (await decide(person, made, "refusals")).status_code == 403
        assert (await decide(owner, made, "approvals")).status_code == 201

    async def test_one_over_a_cluster_for_that_cluster(self, hub: Hub, owner: Person, viewer: Person) -> None:
        one = await cluster(hub, owner.by.org_id, "one")
        here = {"clusters": "ids", "cluster_ids": [str(one)]}
        async with join(hub, "lea", "viewer", owner.by.org_id) as lea:
            await given(owner, lea, "admin", where=here)
            assert (await decide(lea, await ask(viewer), "approvals")).status_code == 403
            assert (await decide(lea, await ask(viewer, where=here), "approvals")).status_code == 201
        path = f"/api/v1/clusters/{one}"
        assert (await viewer.http.patch(path, json={"region": "eu"})).status_code == 200

    async def test_not_after_a_day(self, hub: Hub, owner: Person, viewer: Person) -> None:
        made = await ask(viewer)
        async with hub.house.db.transaction(owner.by.org_id) as tx:
            await tx.execute("update elevations set created_at = now() - interval '25 h'")
        answer = await decide(owner, made, "approvals")
        assert answer.status_code == 409
        assert "within a day" in answer.json()["detail"]

    async def test_not_for_someone_who_has_gone(self, owner: Person, viewer: Person) -> None:
        made = await ask(viewer)
        await owner.http.delete(f"/api/v1/members/{viewer.by.user_id}")
        assert (await decide(owner, made, "approvals")).status_code == 422

    async def test_once_though_two_press_at_the_same_time(self, hub: Hub, owner: Person, viewer: Person) -> None:
        made = await ask(viewer)
        async with join(hub, "kim", "owner", owner.by.org_id) as kim:
            answers = await asyncio.gather(*(decide(person, made, "approvals") for person in (owner, kim, owner, kim)))
        assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409]
        listed = (await owner.http.get(f"/api/v1/grants?subject=user/{viewer.by.user_id}")).json()["items"]
        assert len(listed) == 2

    async def test_a_stranger_cannot_tell_that_it_exists(self, viewer: Person, stranger: Person) -> None:
        made = await ask(viewer)
        assert (await stranger.http.get(f"{PATH}/{made['id']}")).status_code == 404
        for what in ("approvals", "refusals", "withdrawals"):
            assert (await decide(stranger, made, what)).status_code == 404
        assert (await stranger.http.get(PATH)).json()["items"] == []


@pytest.mark.parametrize(
    "wrong",
    [{"minutes": 481}, {"minutes": 1}, {"reason": ""}, {"reason": "  "}, {"role": "czar"}, {"where": {"region": "eu"}}],
)
async def test_what_cannot_be_asked_is_named(viewer: Person, wrong: dict[str, Any]) -> None:
    answer = await viewer.http.post(PATH, json=ASK | wrong)
    assert answer.status_code == 422
    assert answer.json()["errors"]


async def test_a_few_may_wait_not_many(viewer: Person) -> None:
    for _ in range(10):
        await ask(viewer)
    assert (await viewer.http.post(PATH, json=ASK)).status_code == 409


@pytest.mark.parametrize("end", ["expired", "withdrawn"])
async def test_its_end_reaches_open_streams_within_ten_seconds(
    hub: Hub, owner: Person, viewer: Person, end: str
) -> None:
    made = await ask(viewer)
    await decide(owner, made, "approvals")
    await expire(hub, viewer, 2.0)
    async with listening(viewer, "/live?topic=clusters/*") as ear:
        await ear.event()
        if end == "withdrawn":
            await decide(viewer, made, "withdrawals")
        else:
            await asyncio.sleep(2.0)
        async with asyncio.timeout(10):
            await ear.end()
