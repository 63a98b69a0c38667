"""Processes come, go and die: each cluster has one follower, changes hands without a list, and no change is lost."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from uuid import UUID

import msgspec
import pytest

from basefly.app import furnished
from basefly.base.db import lease as leases
from basefly.base.db.changes import Changes
from basefly.base.db.pool import Database
from basefly.base.db.secrets import Vault
from basefly.base.runtime import processes
from basefly.base.runtime.controllers import supervise
from basefly.base.runtime.house import House
from basefly.core.clusters.connections import Connections
from basefly.core.sync import controller
from basefly.core.sync.controller import SyncController
from basefly.core.sync.sharing import shares
from basefly.core.sync.sharing.shares import Sharer
from basefly.core.sync.sharing.unfollowed import UnfollowedController
from basefly.core.sync.store import streams
from basefly.sim import Cluster, Fleet
from tests.core.sync.conftest import eventually, running
from tests.core.sync.test_cluster import pod
from tests.people import Hub, Person

SHORT = timedelta(seconds=2)


@pytest.fixture
async def fleet() -> AsyncIterator[Fleet]:
    """Six clusters."""
    async with Fleet.start(clusters=6) as started:
        yield started


@pytest.fixture
def brief(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who falls silent is dead after two seconds."""
    monkeypatch.setattr(controller, "LEASE", SHORT)
    monkeypatch.setattr(controller, "RENEW_EVERY", 0.4)
    monkeypatch.setattr(processes, "LIFE", SHORT)


@pytest.fixture
async def registered(fleet: Fleet, owner: Person) -> dict[UUID, Cluster]:
    """All of them, in one organization: three in eu, three in us."""
    return {
        await register(owner, cluster, region="eu" if number < 3 else "us"): cluster
        for number, cluster in enumerate(fleet.clusters)
    }


async def register(person: Person, cluster: Cluster, region: str = "") -> UUID:
    asked = {"name": cluster.name, "kubeconfig": cluster.kubeconfig(), "region": region}
    answer = await person.http.post("/api/v1/clusters", json=asked)
    assert answer.status_code == 201, answer.text
    return UUID(answer.json()["id"])


@asynccontextmanager
async def process(hub: Hub, name: str, *regions: str) -> AsyncIterator[SyncController]:
    """Another process of the hub, which follows clusters: with a pool, connections and notices of its own."""
    url = hub.house.changes._url
    settings = msgspec.structs.replace(hub.house.settings, region=regions, role=("sync",))
    db, changes = await Database.open(url, max_size=4), Changes(url)
    house = House(settings, db, changes, Vault.load(settings))
    house.name = name
    try:
        async with furnished(house):
            follower = SyncController(house)
            async with running(supervise([follower], first=0.1)):
                yield follower
    finally:
        await changes.close()
        await db.close()


async def share(*followers: SyncController, of: Sequence[UUID], within: float = 60) -> None:
    """Wait until each of them follows what hashing gives it, and all together everything."""

    async def shared() -> bool:
        sharers = [follower._me for follower in followers]
        wanted = {follower._me.name: set[UUID]() for follower in followers}
        for cluster_id in of:
            wanted[str(shares.owner(cluster_id, "", sharers))].add(cluster_id)
        return all(follower._owned.keys() == wanted[follower._me.name] for follower in followers)

    await eventually(shared, within)


def rival(ids: Sequence[UUID]) -> str:
    """A name whose bearer shares these clusters with "a" so that each has some: their ids differ in every run."""
    names = (f"b{number}" for number in range(100))
    return next(name for name in names if len({shares.owner(c, "", [Sharer("a"), Sharer(name)]) for c in ids}) == 2)


async def pods(owner: Person, registered: dict[UUID, Cluster], within: float = 60) -> None:
    """Wait until the inventory shows exactly the pods that there are, each once."""
    true = sorted((str(c), each["metadata"]["name"]) for c, s in registered.items() for each in s.api.list("pods"))

    async def equal() -> bool:
        answer = await owner.http.get("/api/v1/objects/pods", params={"limit": 500})
        return (
            answer.is_success and sorted((one["cluster"]["id"], one["name"]) for one in answer.json()["items"]) == true
        )

    await eventually(equal, within)


async def all_listed(hub: Hub, owner: Person, registered: dict[UUID, Cluster], within: float = 60) -> int:
    """Wait until every kind has been listed, for pods may be there before others were asked for; how often in all."""

    async def all_are() -> bool:
        async with hub.house.db.transaction(owner.by.org_id) as tx:
            found = await streams.get_streams(tx, clusters=list(registered))
        return {each.cluster_id for each in found} == set(registered) and all(each.listed_at for each in found)

    await eventually(all_are, within)
    return lists(registered)


def change(registered: dict[UUID, Cluster], name: str) -> None:
    """A pod comes in every cluster, and the last one goes."""
    for cluster in registered.values():
        for each in cluster.api.list("pods"):
            cluster.api.delete("pods", each["metadata"]["name"], "default")
        cluster.api.create(pod(name))


def lists(registered: dict[UUID, Cluster]) -> int:
    """How often a kind was listed; that a cluster is still the same is asked by one name."""
    asked = [request for cluster in registered.values() for request in cluster.requests]
    return len([one for one in asked if one.is_list and "fieldSelector" not in one.query])


class TestMembers:
    async def test_who_joins_is_handed_its_share_and_who_leaves_gives_it_back(
        self, hub: Hub, owner: Person, registered: dict[UUID, Cluster], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(controller, "LEASE", timedelta(hours=1))  # so that it is by notice, and none runs out
        monkeypatch.setattr(controller, "LOOK_EVERY", 3600.0)
        ids = list(registered)
        async with process(hub, "a") as a:
            change(registered, "one")
            await share(a, of=ids)
            await pods(owner, registered)
            before = await all_listed(hub, owner, registered)
            async with process(hub, rival(ids)) as b:
                change(registered, "two")
                await share(a, b, of=ids)
                assert a._owned
                assert b._owned
                change(registered, "three")
                await pods(owner, registered)
                kept = {c: owned.task for c, owned in a._owned.items()}
                change(registered, "four")
            await share(a, of=ids)
            assert {c: a._owned[c].task for c in kept} == kept, "what stays is not begun anew"
            await pods(owner, registered)
            assert lists(registered) == before, "a watch goes on where the other process left it"

    async def test_what_a_dead_one_followed_is_taken_over(
        self, hub: Hub, owner: Person, registered: dict[UUID, Cluster], brief: None
    ) -> None:
        ids = list(registered)
        async with process(hub, "a") as a:
            async with process(hub, rival(ids)) as b:
                await share(a, b, of=ids)
                change(registered, "one")
                await pods(owner, registered)
                before = await all_listed(hub, owner, registered)
                await b._house.db.close()  # it can neither say goodbye nor give anything back
                change(registered, "two")
                await share(a, of=ids)
                await pods(owner, registered)
            assert lists(registered) == before

    async def test_one_that_wakes_up_after_its_end_writes_nothing_and_gets_its_share_back(
        self, hub: Hub, owner: Person, registered: dict[UUID, Cluster], brief: None, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        ids = list(registered)
        async with process(hub, "a") as a, process(hub, rival(ids)) as b:
            await share(a, b, of=ids)
            change(registered, "one")
            await pods(owner, registered)
            with monkeypatch.context() as quiet:
                quiet.setattr(b, "_announce", _nothing)
                quiet.setattr(b, "_renew", _nothing)
                quiet.setattr(b, "_look", _nothing_for_long)

                async def taken() -> bool:
                    return len(a._owned) == len(ids)

                await eventually(taken, 60)
                held = {c: owned.lease for c, owned in b._owned.items()}
                change(registered, "two")
                await pods(owner, registered)
                for lease in held.values():
                    async with b._house.db.transaction(owner.by.org_id) as tx:
                        with pytest.raises(leases.LeaseLost):
                            await leases.fence(tx, lease)
            await share(a, b, of=ids)
            change(registered, "three")
            await pods(owner, registered)

    async def test_what_a_paused_one_was_to_take_is_followed_by_another_until_it_speaks(
        self, hub: Hub, owner: Person, registered: dict[UUID, Cluster], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(processes, "LIFE", timedelta(hours=1))  # so that nobody counts as dead
        monkeypatch.setattr(controller, "LATE", 1.0)
        monkeypatch.setattr(controller, "RENEW_EVERY", 0.2)
        ids = list(registered)
        paused, db = rival(ids), hub.house.db
        await processes.announce(db, paused, ["sync"])  # and says no more, nor takes anything
        async with process(hub, "a") as a:

            async def taken() -> bool:
                return len(a._owned) == len(ids)

            await eventually(taken, 10)
            async with running(_beating(db, paused)):
                mine = {c for c in ids if shares.owner(c, "", [Sharer("a"), Sharer(paused)]) == "a"}

                async def given_back() -> bool:
                    return a._owned.keys() == mine

                await eventually(given_back, 10)

    async def test_organizations_are_shared_out_alike(
        self, hub: Hub, owner: Person, stranger: Person, fleet: Fleet
    ) -> None:
        ours = {await register(owner, cluster): cluster for cluster in fleet.clusters[:3]}
        theirs = {await register(stranger, cluster): cluster for cluster in fleet.clusters[3:]}
        async with process(hub, "a") as a, process(hub, "b") as b:
            await share(a, b, of=[*ours, *theirs])
            change(ours, "ours")
            change(theirs, "theirs")
            await pods(owner, ours)
            await pods(stranger, theirs)
        assert {owned.org_id for each in (a, b) for owned in each._owned.values()} == set(), "all is given back"

    async def test_what_is_followed_here_is_what_is_probed_here(
        self, hub: Hub, registered: dict[UUID, Cluster]
    ) -> None:
        async with process(hub, "a") as a, process(hub, "b") as b:
            await share(a, b, of=list(registered))
            for each in (a, b):
                assert each._house.get(Connections).followed == each._owned.keys()


class TestRegions:
    async def test_a_pinned_one_takes_its_region_and_leaves_the_rest(
        self, hub: Hub, owner: Person, registered: dict[UUID, Cluster]
    ) -> None:
        europe, america = list(registered)[:3], list(registered)[3:]
        async with process(hub, "any") as anywhere:
            await share(anywhere, of=list(registered))
            async with process(hub, "eu", "eu") as pinned:
                await share(pinned, of=europe)
                await share(anywhere, of=america)
                change(registered, "one")
                await pods(owner, registered)
            await share(anywhere, of=list(registered))

    async def test_a_cluster_that_nobody_may_follow_says_so_until_somebody_does(
        self, hub: Hub, owner: Person, registered: dict[UUID, Cluster]
    ) -> None:
        europe, america = list(registered)[:3], list(registered)[3:]
        looking = UnfollowedController(hub.house, grace=timedelta(0))
        async with process(hub, "eu", "eu") as pinned:
            await share(pinned, of=europe)
            await looking.look()
            told = await health(owner)
            assert {c for c, (state, why) in told.items() if "of the region us" in why} == set(map(str, america))
            assert {told[str(c)][0] for c in america} == {"unknown"}
            missing = (await owner.http.get("/api/v1/objects/pods")).json()["missing"]
            assert {one["cluster"] for one in missing if "of the region us" in one["reason"]} == set(map(str, america))
        await looking.look()
        assert all("none with the role sync" in why for _, why in (await health(owner)).values())


async def health(owner: Person) -> dict[str, tuple[str, str]]:
    items = (await owner.http.get("/api/v1/clusters")).json()["items"]
    return {one["id"]: (one["health"], one["health_reason"]) for one in items}


class TestApi:
    async def test_who_lives_and_what_they_follow(
        self, hub: Hub, owner: Person, viewer: Person, stranger: Person, registered: dict[UUID, Cluster]
    ) -> None:
        async with process(hub, "a") as a, process(hub, "b", "eu") as b:
            await share(b, of=list(registered)[:3])
            await share(a, of=list(registered)[3:])
            found = (await owner.http.get("/api/v1/hub/processes")).json()
            told = [(one["name"], one["roles"], one["regions"], one["clusters"]) for one in found["items"]]
            assert told == [("a", ["sync"], [], 3), ("b", ["sync"], ["eu"], 3)]
            assert found["unfollowed"] == []
            theirs = (await stranger.http.get("/api/v1/hub/processes")).json()
            assert [one["clusters"] for one in theirs["items"]] == [0, 0]
        found = (await owner.http.get("/api/v1/hub/processes")).json()
        assert found["items"] == []
        assert {one["id"] for one in found["unfollowed"]} == set(map(str, registered))
        assert (await viewer.http.get("/api/v1/hub/processes")).status_code == 403


async def _nothing(*_: object) -> None:
    return None


async def _nothing_for_long(*_: object) -> float:
    return 600.0


async def _beating(db: Database, name: str) -> None:
    while True:
        await processes.announce(db, name, ["sync"])
        await asyncio.sleep(0.2)
