"""Each verb: it works and leaves a trace; a reader is refused; a stranger cannot tell; a failure is on record."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import UUID, uuid4

import pytest

from basefly.base.runtime.house import House
from basefly.core.clusters import actions
from basefly.core.clusters.model import Place, Probe
from basefly.sim import Cluster, Fleet
from tests.core.clusters.conftest import Register, acts
from tests.people import Hub, Person

CLUSTERS = "/api/v1/clusters"


async def get(person: Person, cluster: str) -> dict[str, Any]:
    found: dict[str, Any] = (await person.http.get(f"{CLUSTERS}/{cluster}")).json()
    return found


class TestRegister:
    async def test_works_and_leaves_a_trace(self, owner: Person, cluster: Cluster, register: Register) -> None:
        cluster.seed(nodes=2, pods=1)
        made = await register(name="West", labels={"env": "prod"})
        assert made["name"] == "West"
        assert made["health"] == "healthy"
        assert made["server"] == cluster.server
        assert made["region"]
        assert await get(owner, made["id"]) == await get(owner, "west")
        assert await acts(owner) == ["cluster.registered done"]

    async def test_takes_the_name_of_the_context_or_an_address_and_a_token(self, owner: Person, fleet: Fleet) -> None:
        first, second = fleet.clusters
        answer = await owner.http.post(CLUSTERS, json={"kubeconfig": first.kubeconfig()})
        assert answer.json()["name"] == first.name
        by_token = {
            "name": "x",
            "server": second.server,
            "ca": second.authority.pem.decode(),
            "token": second.admin_token,
        }
        assert (await owner.http.post(CLUSTERS, json=by_token)).status_code == 201
        assert (await owner.http.get(CLUSTERS)).json()["total"] == 2

    async def test_keeps_nothing_when_a_check_fails(self, owner: Person, cluster: Cluster) -> None:
        body = {"kubeconfig": cluster.kubeconfig(token="wrong")}
        answer = await owner.http.post(CLUSTERS, json=body)
        assert answer.status_code == 422
        problem = answer.json()
        assert [c["name"] for c in problem["checks"] if not c["ok"]] == ["authentication"]
        assert problem["cure"]
        assert (await owner.http.get(CLUSTERS)).json()["total"] == 0

    async def test_a_name_is_taken_whatever_its_case_until_it_is_removed(
        self, owner: Person, register: Register, cluster: Cluster
    ) -> None:
        first = await register(name="West")
        body = {"kubeconfig": cluster.kubeconfig(), "name": "wEST"}
        assert (await owner.http.post(CLUSTERS, json=body)).status_code == 409
        await owner.http.delete(f"{CLUSTERS}/{first['id']}")
        assert (await owner.http.post(CLUSTERS, json=body)).status_code == 201

    @pytest.mark.parametrize(
        ("body", "pointer"),
        [
            ({"name": "x", "server": "http://a.b", "token": "t"}, "/server"),
            ({"name": "x", "server": "https://a.b", "token": ""}, "/token"),
            ({"name": "x", "server": "https://a.b", "token": "t", "ca": "none"}, "/ca"),
            ({"server": "https://a.b", "token": "t"}, "/name"),
            ({"server": "https://a.b", "token": "t", "name": "x", "labels": {"a b": "c"}}, "/labels/a b"),
        ],
    )  # fmt: skip
    async def test_says_which_field_is_wrong(self, owner: Person, body: dict[str, Any], pointer: str) -> None:
        answer = await owner.http.post(CLUSTERS, json=body)
        assert answer.status_code == 422
        assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]

    async def test_a_reader_is_refused_and_it_is_on_record(
        self, viewer: Person, owner: Person, cluster: Cluster
    ) -> None:
        answer = await viewer.http.post(CLUSTERS, json={"kubeconfig": cluster.kubeconfig()})
        assert answer.status_code == 403
        assert (await owner.http.get(CLUSTERS)).json()["total"] == 0
        records = (await owner.http.get("/api/v1/audit")).json()["items"]
        assert any(r["outcome"] == "refused" and r["object"] == "clusters" for r in records)

    async def test_credentials_lie_sealed_and_in_no_answer(
        self, owner: Person, hub: Hub, cluster: Cluster, register: Register
    ) -> None:
        made = await register()
        async with hub.house.db.transaction(owner.by.org_id) as tx:
            rows = await tx.value("select string_agg(k::text || c::text, '') from cluster_credentials k, clusters c")
            sealed = await tx.value("select sealed from cluster_credentials")
        assert cluster.admin_token not in rows
        assert cluster.admin_token.encode() not in sealed
        assert cluster.admin_token not in str(await get(owner, made["id"]))
        assert cluster.admin_token not in (await owner.http.get("/api/v1/audit")).text


class TestChange:
    async def test_works_and_leaves_a_trace(self, owner: Person, register: Register) -> None:
        made = await register(name="west")
        body = {"name": "East", "labels": {"team": "shop"}, "region": "eu", "provider": "home"}
        changed = (await owner.http.patch(f"{CLUSTERS}/{made['id']}", json=body)).json()
        assert {k: changed[k] for k in body} == body
        assert await acts(owner) == ["cluster.registered done", "cluster.changed done"]
        await owner.http.patch(f"{CLUSTERS}/east", json=body)
        assert len(await acts(owner)) == 2, "what changes nothing is no act"

    async def test_what_a_person_says_of_the_place_stays_until_it_is_emptied(
        self, owner: Person, house: House, register: Register
    ) -> None:
        made = await register(region="mine")
        nodes = Place("theirs", "aws")
        async with house.db.transaction(owner.by.org_id) as tx:
            await actions.keep_place(tx, UUID(made["id"]), nodes)
        assert (await get(owner, made["id"]))["region"] == "mine"
        assert (await get(owner, made["id"]))["provider"] == "aws"
        await owner.http.patch(f"{CLUSTERS}/{made['id']}", json={"region": ""})
        async with house.db.transaction(owner.by.org_id) as tx:
            await actions.keep_place(tx, UUID(made["id"]), nodes)
        assert (await get(owner, made["id"]))["region"] == "theirs"

    async def test_a_taken_name_is_a_conflict(self, owner: Person, register: Register) -> None:
        await register(name="west")
        other = await register(name="east")
        answer = await owner.http.patch(f"{CLUSTERS}/{other['id']}", json={"name": "WEST"})
        assert answer.status_code == 409
        assert "WEST" in answer.json()["detail"]

    async def test_a_reader_is_refused(self, viewer: Person, register: Register) -> None:
        made = await register()
        assert (await viewer.http.patch(f"{CLUSTERS}/{made['id']}", json={"name": "x"})).status_code == 403
        assert (await viewer.http.get(f"{CLUSTERS}/{made['id']}")).status_code == 200


class TestAStranger:
    @pytest.mark.parametrize(
        ("method", "path", "body"),
        [
            ("GET", "", None), ("PATCH", "", {"name": "x"}), ("DELETE", "", None), ("POST", "/restorations", None),
            ("PUT", "/credentials", {"server": "https://a.b", "token": "t"}),
        ],
    )  # fmt: skip
    async def test_cannot_tell_that_it_exists(
        self, stranger: Person, register: Register, method: str, path: str, body: Any
    ) -> None:
        made = await register(name="west")
        answers = [
            await stranger.http.request(method, f"{CLUSTERS}/{word}{path}", json=body)
            for word in (made["id"], "west", str(uuid4()), "no-such")
        ]
        assert [answer.status_code for answer in answers] == [404] * 4
        told = {(a.json()["detail"], a.json().get("cure"), a.json()["title"]) for a in answers}
        assert len(told) == 1
        assert (await stranger.http.get(CLUSTERS)).json() == {"items": [], "next": None, "total": 0}

    async def test_may_take_the_same_name(self, stranger: Person, register: Register, cluster: Cluster) -> None:
        await register(name="west")
        body = {"kubeconfig": cluster.kubeconfig(), "name": "west"}
        assert (await stranger.http.post(CLUSTERS, json=body)).status_code == 201


class TestRotate:
    async def test_works_and_leaves_a_trace(self, owner: Person, cluster: Cluster, register: Register) -> None:
        made = await register()
        token = cluster.issue_token("robot", ("system:masters",))
        body = {"server": cluster.server, "ca": cluster.authority.pem.decode(), "token": token}
        answer = await owner.http.put(f"{CLUSTERS}/{made['id']}/credentials", json=body)
        assert answer.status_code == 200
        assert await acts(owner) == ["cluster.registered done", "cluster.credentials_rotated done"]

    async def test_keeps_the_old_ones_when_a_check_fails(
        self, owner: Person, hub: Hub, cluster: Cluster, register: Register
    ) -> None:
        made = await register()
        before = await _sealed(hub, owner)
        answer = await owner.http.put(
            f"{CLUSTERS}/{made['id']}/credentials", json={"kubeconfig": cluster.kubeconfig(token="wrong")}
        )
        assert answer.status_code == 422
        assert await _sealed(hub, owner) == before

    async def test_a_reader_is_refused(self, viewer: Person, register: Register, cluster: Cluster) -> None:
        made = await register()
        body = {"kubeconfig": cluster.kubeconfig()}
        assert (await viewer.http.put(f"{CLUSTERS}/{made['id']}/credentials", json=body)).status_code == 403


class TestRemoveAndRestore:
    async def test_work_and_leave_a_trace(self, owner: Person, hub: Hub, register: Register) -> None:
        made = await register(name="west")
        assert (await owner.http.delete(f"{CLUSTERS}/{made['id']}")).status_code == 204
        assert (await owner.http.get(CLUSTERS)).json()["total"] == 0
        removed = (await owner.http.get(CLUSTERS, params={"removed": "true"})).json()["items"]
        assert [c["name"] for c in removed] == ["west"]
        assert (await owner.http.get(f"{CLUSTERS}/west")).status_code == 404
        back = await owner.http.post(f"{CLUSTERS}/{made['id']}/restorations")
        assert back.json()["health"] == "unknown"
        assert (await owner.http.get(f"{CLUSTERS}/west")).json()["removed_at"] is None
        assert await acts(owner) == [
            "cluster.registered done", "cluster.removed started", "cluster.removed done", "cluster.restored started",
            "cluster.restored done",
        ]  # fmt: skip
        async with hub.house.db.transaction(owner.by.org_id) as tx:
            assert await tx.value("select count(*) from cluster_credentials where deleted_at is null") == 1

    async def test_a_name_taken_meanwhile_is_a_conflict(self, owner: Person, register: Register) -> None:
        first = await register(name="west")
        await owner.http.delete(f"{CLUSTERS}/{first['id']}")
        await register(name="west")
        assert (await owner.http.post(f"{CLUSTERS}/{first['id']}/restorations")).status_code == 409

    async def test_what_is_not_removed_cannot_be_restored_nor_removed_twice(
        self, owner: Person, register: Register
    ) -> None:
        made = await register()
        assert (await owner.http.post(f"{CLUSTERS}/{made['id']}/restorations")).status_code == 409
        await owner.http.delete(f"{CLUSTERS}/{made['id']}")
        assert (await owner.http.delete(f"{CLUSTERS}/{made['id']}")).status_code == 404

    async def test_a_reader_is_refused(self, viewer: Person, register: Register) -> None:
        made = await register()
        assert (await viewer.http.delete(f"{CLUSTERS}/{made['id']}")).status_code == 403
        assert (await viewer.http.post(f"{CLUSTERS}/{made['id']}/restorations")).status_code == 403


class TestHealth:
    async def test_streams_in_trouble_make_an_answering_cluster_degraded(
        self, owner: Person, house: House, register: Register
    ) -> None:
        cluster_id = UUID((await register())["id"])
        for trouble, probe, expected in (
            ("pods cannot be followed", None, ("degraded", "pods cannot be followed")),
            (None, Probe(health="unreachable", reason="gone"), ("unreachable", "gone")),
            (None, Probe(health="healthy", version="v1.36.0"), ("degraded", "pods cannot be followed")),
            ("", None, ("healthy", "")),
        ):
            async with house.db.transaction(owner.by.org_id) as tx:
                if trouble is not None:
                    await actions.report_streams(tx, cluster_id, trouble)
                if probe is not None:
                    await actions.keep_probe(tx, cluster_id, probe)
            shown = await get(owner, str(cluster_id))
            assert (shown["health"], shown["health_reason"]) == expected

    async def test_only_what_changes_is_told(self, owner: Person, house: House, register: Register) -> None:
        cluster_id = UUID((await register())["id"])
        probe = Probe(health="healthy", version=(await get(owner, str(cluster_id)))["version"])
        async with house.changes.subscribe(owner.by.org_id, ["clusters/*"]) as inbox:
            async with house.db.transaction(owner.by.org_id) as tx:
                await actions.keep_probe(tx, cluster_id, probe)
            async with house.db.transaction(owner.by.org_id) as tx:
                await actions.keep_probe(tx, cluster_id, Probe(health="degraded", reason="slow"))
            async with asyncio.timeout(5):
                told = [await anext(aiter(inbox))]
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.3):
                    told.append(await anext(aiter(inbox)))
        assert told == [{f"clusters/{cluster_id}"}]

    async def test_nobody_waits_for_who_writes_objects_of_the_cluster(
        self, owner: Person, house: House, register: Register
    ) -> None:
        cluster_id, org = UUID((await register())["id"]), owner.by.org_id
        query = """insert into sync_streams (org_id, cluster_id, resource, kind, version, namespaced)
                   values (%s, %s, 'x', 'X', 'v1', true)"""
        async with house.db.transaction(org) as writing:
            await writing.execute(query, [org, cluster_id])
            async with asyncio.timeout(2), house.db.transaction(org) as tx:
                await actions.keep_probe(tx, cluster_id, Probe(health="degraded", reason="slow"))
        assert (await get(owner, str(cluster_id)))["health"] == "degraded"


class TestList:
    async def test_filters_sorts_and_pages(self, owner: Person, cluster: Cluster) -> None:
        for number, name in enumerate(("ant", "Bee", "cat", "dog", "eel")):
            labels = {"even": "yes"} if number % 2 == 0 else {"odd": ""}
            body = {"kubeconfig": cluster.kubeconfig(), "name": name, "labels": labels, "region": f"r{number % 2}"}
            assert (await owner.http.post(CLUSTERS, json=body)).status_code == 201

        async def names(**query: Any) -> list[str]:
            found = list[str]()
            cursor: str | None = ""
            while cursor is not None:
                page = (await owner.http.get(CLUSTERS, params={**query, "limit": 2, "cursor": cursor})).json()
                found += [c["name"] for c in page["items"]]
                cursor = page["next"]
                assert page["total"] == len(found) or cursor
            return found

        assert await names() == ["ant", "Bee", "cat", "dog", "eel"]
        assert await names(sort="-name") == ["eel", "dog", "cat", "Bee", "ant"]
        assert await names(sort="-created_at") == ["eel", "dog", "cat", "Bee", "ant"]
        assert set((await names(sort="region"))[:3]) == {"ant", "cat", "eel"}
        assert await names(sort="-region") == (await names(sort="region"))[::-1]
        assert await names(q="E") == ["Bee", "eel"]
        assert await names(label="odd") == ["Bee", "dog"]
        assert await names(label="even=yes", region="r0") == ["ant", "cat", "eel"]
        assert await names(health="unreachable") == []
        assert await names(version="1.20") == []
        assert (await owner.http.get(CLUSTERS, params={"health": "sad"})).status_code == 422

    async def test_the_same_cluster_is_found_where_that_is_asked(
        self, owner: Person, cluster: Cluster, register: Register
    ) -> None:
        made = await register(name="west")
        body = {"kubeconfig": cluster.kubeconfig(), "name": "east", "once": True}
        answer = await owner.http.post(CLUSTERS, json=body)
        assert answer.status_code == 409
        assert answer.json()["detail"] == "This cluster is already there as west."
        assert answer.json()["cluster"] == made["id"]
        assert (await owner.http.post(CLUSTERS, json={**body, "once": False})).status_code == 201

    @pytest.mark.parametrize(
        "query", [{"sort": "server"}, {"label": "=x"}, {"cursor": "x"}, {"limit": 0}, {"limit": 501}]
    )
    async def test_what_cannot_be_asked_is_refused(self, owner: Person, query: dict[str, Any]) -> None:
        answer = await owner.http.get(CLUSTERS, params=query)
        assert answer.status_code in (400, 422)
        assert answer.headers["content-type"].startswith("application/problem+json")


async def _sealed(hub: Hub, owner: Person) -> bytes:
    async with hub.house.db.transaction(owner.by.org_id) as tx:
        sealed: bytes = await tx.value("select sealed from cluster_credentials")
        return sealed
