"""Grants: given, counted, revoked; over clusters by id, labels and region, and over namespaces."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from basefly.base.web.boundary.recall import Recall
from basefly.core.access.store import grants as store
from tests.core.access.people import bare, cluster, clusters, give, given, permissions
from tests.people import Hub, Person, join

NOBODY = "00000000-0000-4000-8000-000000000000"


class TestGive:
    async def test_works_and_leaves_a_trace(self, hub: Hub, owner: Person, viewer: Person) -> None:
        made = await given(owner, viewer, "operator", reason="on call")
        assert made["subject"] == {"kind": "user", "id": str(viewer.by.user_id), "name": "Vic"}
        assert (made["role_name"], made["granted_by_name"], made["active"]) == ("operator", "Mia", True)
        assert "clusters:write" in await permissions(viewer)
        (found,) = (await owner.http.get("/api/v1/audit?act=grant.created")).json()["items"]
        assert found["detail"]["role"] == "operator"
        assert found["detail"]["reason"] == "on call"

    async def test_a_reader_is_refused(self, owner: Person, viewer: Person) -> None:
        answer = await give(viewer, viewer, "viewer")
        assert answer.status_code == 403
        assert answer.json()["explanation"] == "/access/explanation?permission=access:write"

    async def test_a_stranger_s_member_does_not_exist(self, owner: Person, stranger: Person) -> None:
        real, made_up = await give(stranger, owner, "viewer"), await give(stranger, stranger, "viewer")
        assert (real.status_code, made_up.status_code) == (422, 201)
        grant_id = (await given(owner, owner, "viewer"))["id"]
        assert (await stranger.http.get(f"/api/v1/grants/{grant_id}")).status_code == 404
        assert (await stranger.http.delete(f"/api/v1/grants/{grant_id}")).status_code == 404

    @pytest.mark.parametrize(
        ("more", "pointer"),
        [
            ({"where": {"clusters": "ids"}}, "/where/cluster_ids"),
            ({"where": {"clusters": "all", "region": "eu"}}, "/where/region"),
            ({"where": {"clusters": "labels", "labels": "a=(b"}}, "/labels"),
            ({"expires_at": "2020-01-01T00:00:00Z"}, "/expires_at"),
            ({"expires_at": "2090-01-01T00:00:00"}, "/expires_at"),
            ({"role": "czar"}, "/role"),
            ({"role": "owner", "where": {"clusters": "region", "region": "eu"}}, "/where"),
            ({"role": "billing", "where": {"namespaces": ["a"]}, "extra": 1}, "/extra"),
        ],
    )
    async def test_what_is_no_grant_is_named(self, owner: Person, viewer: Person, more: Any, pointer: str) -> None:
        answer = await give(owner, viewer, **({"role": "viewer"} | more))
        assert answer.status_code == 422, answer.text
        assert answer.json()["errors"][0]["pointer"] == pointer


class TestPlaces:
    async def test_by_id_labels_and_region(self, hub: Hub, owner: Person, viewer: Person) -> None:
        org = owner.by.org_id
        ids = {
            "one": await cluster(hub, org, "one", region="eu", env="dev"),
            "two": await cluster(hub, org, "two", region="eu", env="prod"),
            "three": await cluster(hub, org, "three", region="us", env="dev"),
        }
        await bare(owner, viewer)
        assert (await viewer.http.get("/api/v1/clusters")).status_code == 403
        for where, seen in (
            ({"clusters": "ids", "cluster_ids": [str(ids["two"])]}, {"two"}),
            ({"clusters": "labels", "labels": "env=dev"}, {"one", "three"}),
            ({"clusters": "region", "region": "EU"}, {"one", "two"}),
            ({"clusters": "labels", "labels": "env in (test)"}, set()),
            ({"clusters": "all"}, {"one", "two", "three"}),
        ):
            made = await given(owner, viewer, "operator", where=where)
            assert await clusters(viewer) == seen, where
            assert (await owner.http.delete(f"/api/v1/grants/{made['id']}")).status_code == 204

    async def test_labels_follow_the_clusters(self, hub: Hub, owner: Person, viewer: Person) -> None:
        one = await cluster(hub, owner.by.org_id, "one", env="dev")
        await bare(owner, viewer)
        await given(owner, viewer, "viewer", where={"clusters": "labels", "labels": "env=dev"})
        assert await clusters(viewer) == {"one"}
        await owner.http.patch(f"/api/v1/clusters/{one}", json={"labels": {"env": "prod"}})
        assert await clusters(viewer) == set()

    async def test_over_a_part_nothing_of_the_whole(self, owner: Person, viewer: Person) -> None:
        await bare(owner, viewer)
        await given(owner, viewer, "admin", where={"clusters": "all", "namespaces": ["shop"]})
        held = await permissions(viewer)
        assert "inventory:read" in held
        assert not {each for each in held if each.startswith(("audit:", "views:")) or each == "access:own"}
        assert (await viewer.http.get("/api/v1/audit")).status_code == 403
        assert (await viewer.http.post("/api/v1/teams", json={"name": "a"})).status_code == 403

    async def test_what_cannot_be_read_any_more_gives_nothing(self, hub: Hub, owner: Person, viewer: Person) -> None:
        await cluster(hub, owner.by.org_id, "one", env="dev")
        await bare(owner, viewer)
        made = await given(owner, viewer, "viewer", where={"clusters": "labels", "labels": "env=dev"})
        async with hub.house.db.transaction(owner.by.org_id) as tx:
            await tx.execute("update grants set labels = '(((' where id = %s", [made["id"]])
        assert await clusters(viewer) == set()


class TestEnd:
    async def test_an_ended_grant_does_not_count(self, hub: Hub, owner: Person, viewer: Person) -> None:
        ends = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
        made = await given(owner, viewer, "admin", expires_at=ends)
        assert "audit:read" in await permissions(viewer)
        async with hub.house.db.transaction(owner.by.org_id) as tx:
            await tx.execute("update grants set expires_at = now() - interval '1 s' where id = %s", [made["id"]])
        hub.house.get(Recall).forget()
        assert "audit:read" not in await permissions(viewer)
        listed = (await owner.http.get(f"/api/v1/grants/{made['id']}")).json()
        assert listed["active"] is False

    async def test_revoked_it_is_gone_with_the_next_request(self, owner: Person, viewer: Person) -> None:
        made = await given(owner, viewer, "admin")
        assert (await viewer.http.get("/api/v1/audit")).status_code == 200
        assert (await owner.http.delete(f"/api/v1/grants/{made['id']}")).status_code == 204
        assert (await viewer.http.get("/api/v1/audit")).status_code == 403
        (found,) = (await owner.http.get("/api/v1/audit?act=grant.revoked")).json()["items"]
        assert found["object"] == f"grants/{made['id']}"

    async def test_the_last_owner_keeps_it(self, hub: Hub, owner: Person) -> None:
        (mine,) = (await owner.http.get("/api/v1/grants")).json()["items"]
        assert (await owner.http.delete(f"/api/v1/grants/{mine['id']}")).status_code == 409
        assert (await owner.http.delete("/api/v1/me/membership")).status_code == 409
        async with join(hub, "kim", "owner", owner.by.org_id) as kim:
            assert (await owner.http.delete(f"/api/v1/grants/{mine['id']}")).status_code == 204
            assert (await kim.http.delete("/api/v1/me/membership")).status_code == 409
            assert (await owner.http.delete("/api/v1/me/membership")).status_code == 204
            assert (await owner.http.get("/api/v1/me")).status_code == 401

    async def test_an_owner_until_tomorrow_does_not_count_as_the_last(self, owner: Person, viewer: Person) -> None:
        ends = (datetime.now(UTC) + timedelta(days=1)).isoformat()
        await given(owner, viewer, "owner", expires_at=ends)
        assert (await viewer.http.delete(f"/api/v1/members/{owner.by.user_id}")).status_code == 409


class TestClosure:
    async def test_no_one_gives_more_than_they_hold(self, hub: Hub, owner: Person, viewer: Person) -> None:
        org = owner.by.org_id
        mine, other = await cluster(hub, org, "mine", env="dev"), await cluster(hub, org, "other")
        here = {"clusters": "ids", "cluster_ids": [str(mine)]}
        async with join(hub, "lea", "viewer", org) as lea:
            await given(owner, lea, "admin", where=here)
            assert (await give(lea, viewer, "operator")).status_code == 403
            elsewhere = {"clusters": "ids", "cluster_ids": [str(other)]}
            assert (await give(lea, viewer, "operator", where=elsewhere)).status_code == 403
            labels = {"clusters": "labels", "labels": "env=dev"}
            answer = await give(lea, viewer, "operator", where=labels)
            assert answer.status_code == 403
            assert "clusters:write" in answer.json()["detail"]
            assert (await give(lea, viewer, "operator", where=here)).status_code == 201
            assert (await give(lea, viewer, "viewer", where=here | {"namespaces": ["a"]})).status_code == 201

    async def test_nor_for_longer(self, hub: Hub, owner: Person, viewer: Person) -> None:
        ends = datetime.now(UTC) + timedelta(hours=2)
        async with join(hub, "lea", "viewer", owner.by.org_id) as lea:
            await given(owner, lea, "admin", expires_at=ends.isoformat())
            assert (await give(lea, viewer, "operator")).status_code == 403
            later = (ends + timedelta(seconds=1)).isoformat()
            assert (await give(lea, viewer, "operator", expires_at=later)).status_code == 403
            assert (await give(lea, viewer, "operator", expires_at=ends.isoformat())).status_code == 201

    async def test_nor_what_was_revoked_while_they_asked(self, hub: Hub, owner: Person, viewer: Person) -> None:
        async with join(hub, "ada", "admin", owner.by.org_id) as ada:
            async with hub.house.db.transaction(owner.by.org_id) as tx:
                await store.lock(tx)
                asking = asyncio.create_task(give(ada, viewer, "operator"))
                waiting = "select count(*) from pg_locks where locktype = 'advisory' and not granted"
                while not await tx.value(waiting):
                    await asyncio.sleep(0.02)
                await tx.execute("delete from grants where user_id = %s", [ada.by.user_id])
            assert (await asking).status_code == 403
            assert "clusters:write" not in await permissions(viewer)

    async def test_nor_takes_what_they_could_not_give(self, hub: Hub, owner: Person, viewer: Person) -> None:
        async with join(hub, "kim", "owner", owner.by.org_id) as kim:
            await given(owner, viewer, "admin")
            (grant,) = (await owner.http.get(f"/api/v1/grants?subject=user/{kim.by.user_id}")).json()["items"]
            assert (await viewer.http.delete(f"/api/v1/grants/{grant['id']}")).status_code == 403
            assert (await viewer.http.delete(f"/api/v1/members/{kim.by.user_id}")).status_code == 403


class TestLabels:
    """Who labels clusters decides what rules choose, so labelling is granting."""

    async def test_nobody_labels_a_cluster_into_a_right_that_they_do_not_hold(self, hub: Hub, owner: Person) -> None:
        org = owner.by.org_id
        prod, mine = await cluster(hub, org, "prod", env="prod"), await cluster(hub, org, "mine")
        async with join(hub, "op", "operator", org) as op:
            await given(owner, op, "admin", where={"clusters": "labels", "labels": "env=dev"})
            await given(owner, op, "admin", where={"clusters": "ids", "cluster_ids": [str(mine)]})
            refused = await op.http.patch(f"/api/v1/clusters/{prod}", json={"labels": {"env": "dev"}})
            assert refused.status_code == 403
            assert "admin" in refused.json()["detail"]
            harmless = await op.http.patch(f"/api/v1/clusters/{prod}", json={"labels": {"env": "test"}})
            assert harmless.status_code == 200
            own = await op.http.patch(f"/api/v1/clusters/{mine}", json={"labels": {"env": "dev"}})
            assert own.status_code == 200
        answer = await owner.http.patch(f"/api/v1/clusters/{prod}", json={"labels": {"env": "dev"}})
        assert answer.status_code == 200

    async def test_nor_moves_it_into_a_region(self, hub: Hub, owner: Person, viewer: Person) -> None:
        one = await cluster(hub, owner.by.org_id, "one")
        await given(owner, viewer, "admin", where={"clusters": "region", "region": "eu"})
        async with join(hub, "op", "operator", owner.by.org_id) as op:
            path = f"/api/v1/clusters/{one}"
            assert (await op.http.patch(path, json={"region": "eu"})).status_code == 403
            assert (await op.http.patch(path, json={"region": "us"})).status_code == 200

    async def test_who_holds_a_part_registers_nothing(self, hub: Hub, owner: Person, viewer: Person) -> None:
        await bare(owner, viewer)
        await given(owner, viewer, "operator", where={"clusters": "region", "region": "eu"})
        answer = await viewer.http.post("/api/v1/clusters", json={"kubeconfig": "x"})
        assert answer.status_code == 403
        assert "over a part" in answer.json()["detail"]


class TestGroups:
    async def test_a_group_s_grant_counts_for_who_is_in_it(self, hub: Hub, owner: Person, viewer: Person) -> None:
        from basefly.core.identity import store as people

        made = await owner.http.post(
            "/api/v1/grants", json={"subject": {"kind": "group", "id": "sre"}, "role": "admin"}
        )
        assert made.status_code == 201
        assert "audit:read" not in await permissions(viewer)
        for groups, holds in ((["sre", "dev"], True), (["dev"], False)):
            async with hub.house.db.transaction(owner.by.org_id) as tx:
                await people.replace_groups(tx, viewer.by.user_id, "https://idp.example", groups)
            hub.house.get(Recall).forget()
            assert ("audit:read" in await permissions(viewer)) is holds
