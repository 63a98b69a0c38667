"""Our side of `ingest`: the pods of a cluster through list, decode, projection and merge, into rows in PostgreSQL."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import uvloop

from basefly.base.db import lease
from basefly.base.db.pool import Database
from basefly.base.kube import kubeconfig
from basefly.base.kube.client import Client
from basefly.base.kube.discovery import Resource, discover
from basefly.base.kube.watch import Pace, Turns
from basefly.base.kube.watch.follow import Kept
from basefly.core.sync import kinds
from basefly.core.sync.model import Place
from basefly.core.sync.store import streams
from basefly.core.sync.stream import StreamSync
from basefly.core.sync.writer import Writer
from bench.measure import metered

LOOK_EVERY = 0.02  # s


async def main(text: str, url: str, org: str, cluster: str) -> None:
    """Sync every pod of the kubeconfig's cluster into `url`, as the hub does, and stop when the list is committed."""
    (context,) = kubeconfig.read(text)
    assert context.credentials, context.why
    db = await Database.open(url)
    client = Client(context.credentials)
    try:
        await _sync(db, client, UUID(org), Place(UUID(cluster), "pods"))
    finally:
        await client.close()
        await db.close()


async def _sync(db: Database, client: Client, org: UUID, place: Place) -> None:
    pods = next(resource for resource in await discover(client) if resource.name == place.resource)
    held = await lease.acquire(db, f"sync/{place.cluster_id}", "bench", timedelta(minutes=10))
    assert held, "the lease of the cluster is taken"
    writer = Writer(db, org)
    writer.admit(place.cluster_id, held)
    async with db.transaction(org) as tx:
        await streams.upsert_stream(tx, place.cluster_id, "pods", kind="Pod", version="v1", namespaced=True)
    with metered() as cost:
        tasks = [asyncio.create_task(writer.run()), asyncio.create_task(_follow(writer, place, client, pods))]
        await _until_listed(db, org, tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        async with db.transaction(org) as tx:
            cost.objects = await tx.value("select count(*) from objects where cluster_id = %s", [place.cluster_id])


async def _follow(writer: Writer, place: Place, client: Client, pods: Resource) -> None:
    stream = StreamSync(writer, place, kinds.by_resource(pods.name, pods.kind), Kept(""))
    async for trouble in stream.run(client, pods, Pace(lists=Turns(8))):
        print(trouble, file=sys.stderr)


async def _until_listed(db: Database, org: UUID, tasks: Sequence[asyncio.Task[None]]) -> None:
    listed = None
    while listed is None:
        for task in tasks:
            if task.done():
                task.result()
        await asyncio.sleep(LOOK_EVERY)
        async with db.transaction(org) as tx:
            listed = await tx.value("select listed_at from sync_streams where resource = 'pods'")


if __name__ == "__main__":
    path, *rest = sys.argv[1:]
    uvloop.run(main(Path(path).read_text(), *rest))
