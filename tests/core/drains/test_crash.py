"""A drain done by processes that are killed after one to three steps each: it ends, every pod evicted once."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from basefly.sim import Cluster
from tests.conftest import Urls
from tests.core.drains.conftest import (
    OWNER,
    acts,
    budget,
    cordoned,
    evictions,
    held_back,
    look,
    ordered,
    plant,
    pods,
    until,
)
from tests.people import Hub, Person

# Each life takes one, two or three steps and dies: after what it committed, or after what it sent to the cluster and
# before it could note the answer. What the one before it had begun is its first step again.
WORKER = """
import asyncio, os, signal, sys
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from basefly.app import furnished
from basefly.base.db.changes import Changes
from basefly.base.db.pool import Database
from basefly.base.db.secrets import Vault
from basefly.base.runtime.house import House
from basefly.base.runtime.operations import Operations, Pace, Running
from basefly.base.settings import Settings
from basefly.core.drains.work import emptying, operation as work
from basefly.core.drains.work.operation import works
from basefly.core.gateway.proxy import asking

url, folder, log, lives = sys.argv[1:]
emptying.AT_ONCE, work.QUICK, work.CALM = 1, 0.05, 0.05
held, asked = Running.held, asking.ask

left = 0

def step(what):
    global left
    left -= 1
    if not left:
        with open(log, "a") as told:
            told.write(what + "\\n")
        os.kill(os.getpid(), signal.SIGKILL)

@asynccontextmanager
async def dying(self):
    async with held(self) as tx:
        yield tx
    step("committed")

async def sending(house, by, cluster, request, **more):
    answer = await asked(house, by, cluster, request, **more)
    if request[0] != "GET":
        step(request[0])
    return answer

async def main():
    settings = Settings(data_dir=Path(folder))
    db = await Database.open(url, max_size=4)
    changes, vault = Changes(url), Vault.load(settings)
    house = House(settings, db, changes, vault)
    async with furnished(house):
        pace = Pace(timedelta(seconds=1), look=timedelta(milliseconds=50))
        await Operations(db, changes, works(house), pace=pace).run()

for number in range(int(lives)):
    left = 1 + number % 3
    child = os.fork()
    if not child:
        Running.held, asking.ask = dying, sending
        asyncio.run(main())
    os.waitpid(child, 0)
"""


@contextmanager
def dying(hub: Hub, urls: Urls, log: Path, lives: int = 60) -> Iterator[None]:
    """Processes that work on drains, one after another, until the block ends."""
    command = [sys.executable, "-c", WORKER, urls.application, str(hub.house.settings.data_dir), str(log), str(lives)]
    process = subprocess.Popen(command, env={**os.environ}, start_new_session=True)
    try:
        yield
    finally:
        os.killpg(process.pid, 9)
        process.wait()


def steps(log: Path) -> list[str]:
    """After what each of them died."""
    return log.read_text().splitlines() if log.exists() else []


async def test_killed_after_every_step(
    hub: Hub, owner: Person, prod: str, cluster: Cluster, urls: Urls, tmp_path: Path
) -> None:
    for name in ("a", "b", "c"):
        plant(cluster, name, owner=OWNER)
    drain = await ordered(owner, "node-1")
    log = tmp_path / "deaths"
    with dying(hub, urls, log):
        done = await until(owner, drain, "done", within=90)
    assert pods(done) == {"a": "gone", "b": "gone", "c": "gone"}
    assert evictions(cluster) == {"a": 1, "b": 1, "c": 1}
    assert cluster.api.list("pods") == []
    assert cordoned(cluster)
    assert len([each for each in cluster.requests if each.target.resource == "nodes" and each.is_write]) == 1
    assert set(steps(log)) == {"POST", "PATCH", "committed"}
    assert len(steps(log)) >= 8
    assert await acts(owner) == ["drain.started started", "drain.finished done"]


async def test_killed_while_it_is_cancelled(
    hub: Hub, owner: Person, prod: str, cluster: Cluster, urls: Urls, tmp_path: Path
) -> None:
    plant(cluster, "a", owner=OWNER)
    budget(cluster, minAvailable=2, allowed=0)
    drain = await ordered(owner, "node-1", uncordon_on_cancel=True)
    with dying(hub, urls, tmp_path / "deaths"):
        await held_back(owner, drain, "budget", within=60)
        assert (await owner.http.post(f"/api/v1/drains/{drain}/cancellations")).status_code == 202
        await until(owner, drain, "cancelled", within=60)
    assert not cordoned(cluster)
    assert evictions(cluster) == {}
    assert (await look(owner, drain))["nodes"][0]["state"] == "cancelled"
