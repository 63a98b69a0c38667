"""The fault table: addresses that change, and many clusters that are gone and back at once (51, 52)."""

from __future__ import annotations

import asyncio
import secrets
import socket
from contextlib import AsyncExitStack
from datetime import timedelta
from typing import Any
from uuid import UUID

import msgspec
import pytest

from basefly.base.db import lease as leases
from basefly.base.db.pool import Database
from basefly.base.kube.watch import Turns
from basefly.base.resilience.lookups import LOOKUPS
from basefly.core.sync.writing.writer import Writer
from basefly.sim import Cluster, Fleet
from basefly.sim.faults import Effect
from tests.core.sync.conftest import Rows, running
from tests.core.sync.faults.conftest import PACE, World

NAME = "kubernetes.default.svc"  # the certificate has it


class Names:
    """A resolver that says of NAME what a test wants; None: there is no such name."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.address: str | None = "127.0.0.1"

        def resolve(host: Any, port: Any, **options: Any) -> Any:
            if host != NAME:
                return socket.getaddrinfo(host, port, **options)
            if self.address is None:
                raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
            return socket.getaddrinfo(self.address, port, **options)

        monkeypatch.setattr(LOOKUPS, "_look", resolve)


async def test_51_i8_a_name_that_flaps_and_moves_is_asked_for_again(
    cluster: Cluster, db: Database, org: UUID, cluster_id: UUID, writer: Writer, rows: Rows, monkeypatch: Any
) -> None:
    names, world = Names(monkeypatch), World(cluster, db, org, cluster_id, rows)
    port = cluster.address.rpartition(":")[2]
    async with world.followed(writer, server=f"https://{NAME}:{port}"):
        await world.settles()
        names.address = None
        await cluster.stop()
        await world.says("pods", "retrying", "has no address", within=30)
        await cluster.start(host="127.0.0.2", port=int(port))
        names.address = "127.0.0.2"
        world.change()
        await world.settles(within=30)


async def test_51_i6_a_name_that_comes_to_mean_a_forbidden_address_is_not_dialed(
    cluster: Cluster, db: Database, org: UUID, cluster_id: UUID, writer: Writer, rows: Rows, monkeypatch: Any
) -> None:
    names, world = Names(monkeypatch), World(cluster, db, org, cluster_id, rows)
    async with world.followed(writer, server=f"https://{NAME}:{cluster.address.rpartition(':')[2]}"):
        await world.settles()
        names.address = "169.254.169.254"
        await cluster.stop()
        await world.says("pods", "retrying", "credentials", within=30)  # it hands out those of a cloud machine


async def test_51_i9_ipv6_alone_will_do(db: Database, org: UUID, cluster_id: UUID, writer: Writer, rows: Rows) -> None:
    cluster = Cluster("six")
    await cluster.start(host="::1")
    try:
        cluster.address = f"[::1]:{cluster.address.rpartition(':')[2]}"
        world = World(cluster, db, org, cluster_id, rows)
        async with world.followed(writer):
            await world.until(lambda: _live(world))
            cluster.api.create({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "six"}})
            await world.settles()
    finally:
        await cluster.stop()


async def _live(world: World) -> bool:
    return await world.differences() == []


async def test_52_i8_i11_many_clusters_gone_at_once_are_back_with_few_lists_at_a_time(
    db: Database, org: UUID, rows: Rows
) -> None:
    at_once, most = 4, 0
    pace = msgspec.structs.replace(PACE, lists=Turns(at_once, lent=60.0), streamed=False, page=500)
    writer = Writer(db, org)
    async with Fleet.start(clusters=6) as fleet, AsyncExitStack() as stack:  # of thirty kinds each
        await stack.enter_async_context(running(writer.run()))
        worlds = [World(cluster, db, org, await _registered(db, org, cluster.name), rows) for cluster in fleet.clusters]
        for world in worlds:
            lease = await leases.acquire(db, f"sync/{world.cluster_id}", secrets.token_hex(4), timedelta(minutes=5))
            assert lease is not None
            writer.admit(world.cluster_id, lease)
            world.cluster.faults.add(Effect.SLOW, verb="list", seconds=0.02)
            await stack.enter_async_context(world.followed(writer, pace=pace))
        for world in worlds:
            await world.settles(within=120)
        await asyncio.gather(*(world.cluster.stop() for world in worlds))
        for world in worlds:
            await world.says("pods", "retrying", within=60)
            world.change(3)
            world.cluster.compact()
            world.cluster.requests.clear()
        await asyncio.gather(*(world.cluster.start() for world in worlds))
        settling = asyncio.gather(*(world.settles(within=120) for world in worlds))
        while not settling.done():
            most = max(most, sum(map(_listing, worlds)))
            await asyncio.sleep(0.003)
        await settling
    assert 1 <= most <= at_once


def _listing(world: World) -> int:
    """How many lists a cluster is answering."""
    return sum(r.is_list and r.query.get("limit") == "500" and r.status == 0 for r in world.cluster.requests)


async def _registered(db: Database, org: UUID, name: str) -> UUID:
    async with db.transaction(org) as tx:
        created = await tx.one(UUID, "insert into clusters (org_id, name) values (%s, %s) returning id", [org, name])
    assert created is not None
    return created
