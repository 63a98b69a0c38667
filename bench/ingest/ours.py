"""Our side of `ingest`: the pods of a cluster through list, decode, projection and merge, into rows in PostgreSQL.

Then, where asked, what its watch tells, until that many rows were written anew.
"""

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
from basefly.base.kube.discovery import discover
from basefly.base.kube.watch import Pace, Retrying, Turns
from basefly.base.kube.watch.follow import Kept
from basefly.base.runtime import garbage
from basefly.core.sync import kinds
from basefly.core.sync.model import Place
from basefly.core.sync.store import streams
from basefly.core.sync.stream import News, StreamSync
from basefly.core.sync.writing.writer import Writer
from bench.measure import metered

LISTED = "exists (select from sync_streams where resource = 'pods' and listed_at is not null)"
CHANGED = (
    """(select count(*) from objects where changed_at > (select listed_at from sync_streams where resource = 'pods'))"""
)
LOOK_EVERY = 0.1  # s; more often, looking would be a tenth of the cost that is measured


async def main(text: str, url: str, org: str, cluster: str, changes: str) -> None:
    """Sync every pod of the kubeconfig's cluster into `url`, as the hub does, and stop when all of it is committed."""
    (context,) = kubeconfig.read(text)
    assert context.credentials, context.why
    db = await Database.open(url)
    client = Client(context.credentials)
    try:
        await _sync(db, client, UUID(org), Place(UUID(cluster), "pods"), int(changes))
    finally:
        await client.close()
        await db.close()


async def _sync(db: Database, client: Client, org: UUID, place: Place, changes: int) -> None:
    pods = next(resource for resource in await discover(client) if resource.name == place.resource)
    held = await lease.acquire(db, f"sync/{place.cluster_id}", "bench", timedelta(minutes=10))
    assert held, "the lease of the cluster is taken"
    writer = Writer(db, org)
    writer.admit(place.cluster_id, held)
    async with db.transaction(org) as tx:
        await streams.upsert_streams(tx, place.cluster_id, [(pods, ())])
    with metered() as cost:
        stream = StreamSync(writer, place, kinds.by_resource(pods.name, pods.kind), Kept(""))
        pace = Pace(lists=Turns(8), streamed=False)
        tasks = [asyncio.create_task(writer.run()), asyncio.create_task(stream.run(client, pods, pace, _tell))]
        await stream.changed.wait()
        await _until(db, org, tasks, LISTED)
        async with db.transaction(org) as tx:
            cost.objects = await tx.value("select count(*) from objects")
    if changes:
        with metered() as cost:
            await _until(db, org, tasks, f"{CHANGED} = {changes}")
            cost.objects = changes
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def _tell(news: News) -> None:
    if isinstance(news, Retrying):
        print(news.error, file=sys.stderr)


async def _until(db: Database, org: UUID, tasks: Sequence[asyncio.Task[None]], query: str) -> None:
    done = None
    while not done:
        for task in tasks:
            if task.done():
                task.result()
        await asyncio.sleep(LOOK_EVERY)
        async with db.transaction(org) as tx:
            done = await tx.value(f"select {query}")


if __name__ == "__main__":
    path, *rest = sys.argv[1:]
    garbage.settle()
    uvloop.run(main(Path(path).read_text(), *rest))
