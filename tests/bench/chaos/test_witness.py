"""The witness of the chaos can tell an owner's write from a stranger's, and sees what is there twice."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from basefly.base.db import lease as leases
from basefly.base.db import logins
from basefly.base.db.pool import Database
from basefly.core.sync.model import Place
from basefly.core.sync.store import merge
from basefly.core.sync.store.merge import Change, Gone
from bench.chaos.witness import Seen, install, seen
from tests.conftest import Urls
from tests.core.sync.conftest import cluster_id
from tests.core.sync.writing.test_writer import row

__all__ = ["cluster_id"]


async def test_every_write_is_held_against_the_lease(urls: Urls, db: Database, org: UUID, cluster_id: UUID) -> None:
    install(urls.superuser)
    assert await leases.acquire(db, f"sync/{cluster_id}", "host/41/aa", timedelta(minutes=1))
    place = Place(cluster_id, "pods")
    for pid, uid, expected in (("41", "a", Seen(1, 0, 0)), ("42", "b", Seen(1, 1, 0)), ("41", "c", Seen(2, 1, 1))):
        writer = await Database.open(logins.with_options(urls.application, "", application_name=pid), max_size=1)
        name = "the same" if uid != "a" else "another"
        async with writer.transaction(org) as tx:
            await merge.upsert_objects(tx, [Change(place, row(uid, name))])
        await writer.close()
        assert seen(urls.superuser) == expected
    stranger = await Database.open(logins.with_options(urls.application, "", application_name="42"), max_size=1)
    async with stranger.transaction(org) as tx:
        await merge.delete_objects(tx, [Gone(cluster_id, "pods", "c")])
    await stranger.close()
    assert seen(urls.superuser) == Seen(2, 2, 0)
