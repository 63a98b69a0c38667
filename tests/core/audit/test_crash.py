"""Sequencers are killed without a word while records are written: the chain has no gap, no fork and no record twice."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from basefly.core.audit.actions import record
from tests.core.audit.chain.test_verifying import verdict
from tests.core.audit.test_controller import eventually, head, sequencing
from tests.people import Hub, Person

KILLS = 6
_SEQUENCER = """
import asyncio, sys
from pathlib import Path
from basefly.base.db.changes import Changes
from basefly.base.db.pool import Database
from basefly.base.db.secrets import Vault
from basefly.base.runtime.house import House
from basefly.base.settings import Settings
from basefly.core.audit import controller
from datetime import timedelta

controller.LEASE = timedelta(milliseconds=300)  # what is killed is taken over soon
controller.RENEW = 0.1
controller.SWEEP = 0.1
controller.TICK = 0.02

async def main():
    settings = Settings(data_dir=Path(sys.argv[2]))
    db = await Database.open(sys.argv[1])
    house = House(settings, db, Changes(sys.argv[1]), Vault.load(settings))
    print("ready", flush=True)
    await controller.Sequencer(house).run()

asyncio.run(main())
"""


async def test_a_chain_survives_sequencers_that_are_killed(
    hub: Hub, owner: Person, database_url: str, tmp_path: Path
) -> None:
    house, org = hub.house, owner.by.org_id
    stop = asyncio.Event()

    async def write() -> int:
        written = 0
        while not stop.is_set():
            async with house.db.transaction(org) as tx:
                await record(tx, owner.by, "thing.done", f"things/{written}")
            written += 1
        return written

    writers = [asyncio.create_task(write()) for _ in range(3)]
    seen = set()
    for kill in range(KILLS):
        command = [sys.executable, "-c", _SEQUENCER, database_url, str(house.settings.data_dir)]
        process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
        assert process.stdout
        await process.stdout.readline()
        await asyncio.sleep(0.4 + kill * 0.13)
        process.kill()
        await process.wait()
        seen.add((await head(house, org)).seq)
    stop.set()
    written = sum(await asyncio.gather(*writers))

    async def chained() -> bool:
        return (await head(house, org)).pending == 0

    async with sequencing(house):
        await eventually(chained)
    told = await verdict(owner)
    assert len(seen) > KILLS // 2, "the sequencers were killed before they did anything"
    assert told["findings"] == []
    assert told["records"] == told["last"] >= written > 100
