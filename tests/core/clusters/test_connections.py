"""One client a cluster, with its present credentials, for its own organization only."""

from __future__ import annotations

import asyncio
from uuid import UUID

import h11
import pytest

from basefly.base.errors import NotFound
from basefly.base.kube.client import Client
from basefly.base.kube.credentials import Credentials
from basefly.base.kube.errors import ConnectError
from basefly.base.runtime.house import House
from basefly.base.secret import Secret
from basefly.core.clusters import connections
from basefly.core.clusters.connections import Connections
from basefly.sim import Cluster, Effect
from tests.core.clusters.conftest import Register
from tests.people import Person


async def client(house: House, person: Person, cluster_id: str) -> Client:
    async with house.db.transaction(person.by.org_id) as tx:
        return await house.get(Connections).client(tx, UUID(cluster_id))


async def test_it_is_shared_until_the_credentials_change(
    owner: Person, house: House, cluster: Cluster, register: Register
) -> None:
    made = (await register())["id"]
    first = await client(house, owner, made)
    assert await client(house, owner, made) is first
    assert (await first.get_json("/version"))["gitVersion"]
    body = {"kubeconfig": cluster.kubeconfig(token=cluster.issue_token("robot", ("system:masters",)))}
    assert (await owner.http.put(f"/api/v1/clusters/{made}/credentials", json=body)).status_code == 200
    second = await client(house, owner, made)
    assert second is not first
    assert (await second.get_json("/version"))["gitVersion"]
    with pytest.raises(ConnectError):
        await first.get_json("/version")
    assert cluster.requests[-1].user == "robot"


async def test_it_is_one_for_all_who_want_it_at_once(owner: Person, house: House, register: Register) -> None:
    made = (await register())["id"]
    await house.get(Connections).close()
    wanted = await asyncio.gather(*(client(house, owner, made) for _ in range(8)))
    assert len({id(one) for one in wanted}) == 1


async def test_a_stranger_gets_none_and_a_removed_cluster_has_none(
    owner: Person, stranger: Person, house: House, register: Register
) -> None:
    made = (await register())["id"]
    held = await client(house, owner, made)
    with pytest.raises(NotFound):
        await client(house, stranger, made)
    assert (await held.get_json("/version"))["gitVersion"], "what the stranger asked closed nothing"
    await owner.http.delete(f"/api/v1/clusters/{made}")
    with pytest.raises(NotFound):
        await client(house, owner, made)
    with pytest.raises(ConnectError):
        await held.get_json("/version")


async def test_a_cluster_that_fails_is_left_in_peace_and_others_are_not(
    owner: Person, house: House, cluster: Cluster, register: Register
) -> None:
    sick, well = (await register(name="sick"))["id"], (await register(name="well"))["id"]
    asked = await client(house, owner, sick)
    with cluster.faults.inject(Effect.ERROR, code=503) as fault:
        for _ in range(60):
            with pytest.raises(Exception, match=r"."):
                await asked.get_json("/version")
        assert fault.struck <= 20
    with pytest.raises(ConnectError) as caught:
        await asked.get_json("/version")
    assert caught.value.kind == "resting"
    assert (await (await client(house, owner, well)).get_json("/version"))["gitVersion"]


async def test_what_is_passed_on_to_a_dead_cluster_is_refused_at_once_over_kept_connections_too(
    owner: Person, house: House, register: Register
) -> None:
    made = (await register())["id"]
    upstream = (await client(house, owner, made)).upstream
    wire = await upstream.begin(b"GET", b"/version", [], lambda _: None)
    await wire.send(h11.EndOfMessage())
    while not isinstance(await wire.next(5.0), h11.EndOfMessage):
        pass
    upstream.done(wire)
    house.get(Connections).policy(UUID(made)).breaker.force("open")
    with pytest.raises(ConnectError) as caught:
        await upstream.begin(b"GET", b"/version", [], lambda _: None)
    assert caught.value.kind == "resting"


async def test_credentials_open_only_where_they_were_sealed(owner: Person, stranger: Person, house: House) -> None:
    given = Credentials(server="https://a.b", ca="pem", token=Secret("t"), certificate="c", key=Secret("k"))
    here, there = UUID(int=1), UUID(int=2)
    async with house.db.transaction(owner.by.org_id) as tx:
        sealed = await connections.seal_credentials(tx, house.vault, here, given)
        assert await connections.open_credentials(tx, house.vault, here, sealed) == given
        with pytest.raises(Exception, match="belongs elsewhere"):
            await connections.open_credentials(tx, house.vault, there, sealed)
    async with house.db.transaction(stranger.by.org_id) as tx:
        with pytest.raises(Exception, match="not there"):
            await connections.open_credentials(tx, house.vault, here, sealed)
