"""Why someone may, why not, and who may."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from tests.core.access.people import bare, cluster, given
from tests.people import Hub, Person, join

EXPLANATION, HOLDERS = "/api/v1/access/explanation", "/api/v1/access/holders"


class TestExplanation:
    async def test_names_the_grant_that_gives_it(self, owner: Person, viewer: Person) -> None:
        told = (await viewer.http.get(EXPLANATION, params={"permission": "inventory:read"})).json()
        assert told["allowed"] is True
        (reason,) = told["member"]["reasons"]
        assert (reason["role"], reason["via"], reason["where"]["clusters"]) == ("viewer", "", "all")
        assert told["misses"] == told["granting"] == []

    async def test_names_the_team_it_came_through(self, owner: Person, viewer: Person) -> None:
        team = (await owner.http.post("/api/v1/teams", json={"name": "SRE"})).json()
        await given(owner, team["id"], "operator", kind="team")
        await owner.http.post(f"/api/v1/teams/{team['id']}/members", json={"member": str(viewer.by.user_id)})
        told = (await viewer.http.get(EXPLANATION, params={"permission": "clusters:write"})).json()
        assert [reason["via"] for reason in told["member"]["reasons"]] == ["team:SRE"]

    async def test_of_a_refusal_names_the_nearest_misses_and_who_grants(
        self, hub: Hub, owner: Person, viewer: Person
    ) -> None:
        here = await cluster(hub, owner.by.org_id, "here")
        there = await cluster(hub, owner.by.org_id, "there")
        await given(owner, viewer, "operator", where={"clusters": "ids", "cluster_ids": [str(there)]})
        ends = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
        ended = await given(owner, viewer, "admin", expires_at=ends)
        async with hub.house.db.transaction(owner.by.org_id) as tx:
            await tx.execute("update grants set expires_at = now() - interval '1 s' where id = %s", [ended["id"]])
        refused = await viewer.http.patch(f"/api/v1/clusters/{here}", json={"region": "eu"})
        assert refused.json()["explanation"] == f"/access/explanation?permission=clusters:write&cluster={here}"
        told = (await viewer.http.get("/api/v1" + refused.json()["explanation"])).json()
        assert told["allowed"] is False
        assert told["cluster_name"] == "here"
        assert [(each["role"], each["miss"]) for each in told["misses"]] == [
            ("admin", "ended"),
            ("operator", "elsewhere"),
            ("viewer", "lesser"),
        ]
        assert [person["name"] for person in told["granting"]] == ["Mia"]

    async def test_agrees_with_what_is_done(self, hub: Hub, owner: Person, viewer: Person) -> None:
        one, two = await cluster(hub, owner.by.org_id, "one"), await cluster(hub, owner.by.org_id, "two")
        await given(owner, viewer, "operator", where={"clusters": "ids", "cluster_ids": [str(one)]})
        for id_, status in ((one, 200), (two, 403)):
            told = (
                await viewer.http.get(EXPLANATION, params={"permission": "clusters:write", "cluster": str(id_)})
            ).json()
            done = await viewer.http.patch(f"/api/v1/clusters/{id_}", json={"region": "eu"})
            assert (done.status_code, told["allowed"]) == (status, status == 200)

    async def test_about_others_needs_the_right_to_read(self, owner: Person, viewer: Person, stranger: Person) -> None:
        params = {"permission": "access:own", "member": str(owner.by.user_id)}
        assert (await viewer.http.get(EXPLANATION, params=params)).json()["allowed"] is True
        assert (await stranger.http.get(EXPLANATION, params=params)).status_code == 404
        await bare(owner, viewer)
        assert (await viewer.http.get(EXPLANATION, params=params)).status_code == 403
        assert (await viewer.http.get(EXPLANATION, params={"permission": "access:own"})).json()["allowed"] is False

    async def test_of_a_cluster_out_of_sight_tells_nothing(self, hub: Hub, owner: Person, viewer: Person) -> None:
        hidden = await cluster(hub, owner.by.org_id, "hidden")
        await bare(owner, viewer)
        answers = [
            (await viewer.http.get(EXPLANATION, params={"permission": "clusters:read", "cluster": str(id_)})).json()
            for id_ in (hidden, "00000000-0000-4000-8000-000000000000")
        ]
        assert answers[0] | {"cluster": ""} == answers[1] | {"cluster": ""}
        assert "hidden" not in str(answers)

    async def test_of_no_permission_is_422(self, viewer: Person) -> None:
        assert (await viewer.http.get(EXPLANATION, params={"permission": "no:such"})).status_code == 422
        assert (await viewer.http.get(EXPLANATION)).status_code == 422


class TestHolders:
    async def test_are_all_who_may_with_the_reason(self, hub: Hub, owner: Person, viewer: Person) -> None:
        one = await cluster(hub, owner.by.org_id, "one")
        async with join(hub, "kim", "viewer", owner.by.org_id) as kim:
            where = {"clusters": "ids", "cluster_ids": [str(one)], "namespaces": ["shop"]}
            await given(owner, kim, "operator", where=where)
            params = {"permission": "clusters:write", "cluster": str(one)}
            assert await names(viewer, params) == ["Mia"]
            assert await names(viewer, params | {"namespace": "shop"}) == ["Kim", "Mia"]
            assert await names(viewer, params | {"namespace": "other"}) == ["Mia"]
            assert await names(viewer, {"permission": "inventory:read"}) == ["Kim", "Mia", "Vic"]

    async def test_end_at_the_organization(self, owner: Person, stranger: Person) -> None:
        assert await names(stranger, {"permission": "access:own"}) == ["Sam"]

    async def test_without_the_right_they_are_not_told(self, owner: Person, viewer: Person) -> None:
        await bare(owner, viewer)
        assert (await viewer.http.get(HOLDERS, params={"permission": "access:own"})).status_code == 403


class TestReview:
    async def test_has_a_line_for_each_member_and_grant(self, hub: Hub, owner: Person, viewer: Person) -> None:
        team = (await owner.http.post("/api/v1/teams", json={"name": "SRE"})).json()
        await given(owner, team["id"], "operator", kind="team", reason="on call")
        await owner.http.post(f"/api/v1/teams/{team['id']}/members", json={"member": str(viewer.by.user_id)})
        async with join(hub, "kim", "viewer", owner.by.org_id) as kim:
            await bare(owner, kim)
            items = (await viewer.http.get("/api/v1/access/review")).json()["items"]
            told = {(each["name"], each["role"], each["via"], each["granted_by"], each["reason"]) for each in items}
            assert told == {
                ("Kim", "", "", "", ""),
                ("Mia", "owner", "", "", ""),
                ("Vic", "viewer", "", "", ""),
                ("Vic", "operator", "team:SRE", "Mia", "on call"),
            }
            assert len(items) == 4
            assert (await kim.http.get("/api/v1/access/review")).status_code == 403

    async def test_ends_at_the_organization(self, owner: Person, stranger: Person) -> None:
        items = (await stranger.http.get("/api/v1/access/review")).json()["items"]
        assert [each["name"] for each in items] == ["Sam"]


async def names(person: Person, params: dict[str, str]) -> list[str]:
    answer = await person.http.get(HOLDERS, params=params)
    assert answer.status_code == 200, answer.text
    return [each["name"] for each in answer.json()["items"] if each["reasons"]]
