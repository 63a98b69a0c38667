"""`audit`: a long record verified from end to end, one byte of it changed by a superuser, and what recording costs.

The rival of an audited write is the same write without its record, on the same PostgreSQL at its usual durability.
"""

from __future__ import annotations

import asyncio
import io
import logging
import statistics
import tempfile
import time
from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import msgspec
import psycopg
import structlog
import uvloop
from rich.console import Console

from basefly.base.db import lease, migrate
from basefly.base.db.changes import Changes
from basefly.base.db.embedded import Embedded
from basefly.base.db.pool import Database
from basefly.base.db.secrets import Vault
from basefly.base.principal import Principal
from basefly.base.resilience.ending import end
from basefly.base.runtime.house import House
from basefly.base.settings import Settings
from basefly.core.audit.actions import record
from basefly.core.audit.chain import checkpoints, sequencing, verifying
from basefly.core.audit.controller import Sequencer
from bench.report import Bar, Run, bars_table

RECORDS = {"S": 100_000, "M": 300_000, "L": 1_000_000}
QUICK = 3_000
SECONDS = 60.0  # bar: a million records verified
WRITERS = 8
ROUND, QUICK_ROUND = 4.0, 0.5  # s of writing each way, in turn
COST = 2.5  # bar: unaudited writes to one audited
SIGN_EVERY = 10  # batches


class Audit(msgspec.Struct, frozen=True):
    """Seconds and rates; `found` is what verifying said of the changed byte."""

    bench: str
    figures: Mapping[str, float]
    found: Sequence[str]
    bar: Sequence[Bar]
    holds: bool

    def table(self) -> str:
        """For people."""
        console = Console(file=io.StringIO(), width=120, record=True)
        console.print(
            bars_table(self.bar), *(f"{name}: {value:,.2f}" for name, value in self.figures.items()), sep="\n"
        )
        console.print(*self.found, sep="\n")
        return console.export_text()


def run(options: Run) -> Audit:
    """Write, chain, verify, attack, verify again."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    with tempfile.TemporaryDirectory(prefix="basefly-bench-") as name:
        settings = Settings(data_dir=Path(name))
        postgres = Embedded.start(settings)
        try:
            return uvloop.run(_measured(settings, postgres, options))
        finally:
            postgres.stop()


async def _measured(settings: Settings, postgres: Embedded, options: Run) -> Audit:
    await migrate.up(postgres.owner_url)
    db = await Database.open(postgres.app_url, max_size=WRITERS + 4)
    changes = Changes(postgres.app_url)
    vault = Vault.load(settings)
    await vault.check(db)
    house = House(settings, db, changes, vault)
    try:
        number = QUICK if options.quick else RECORDS[options.size]
        figures, bars, found = await _verified(house, postgres, number)
        writes, cost = await _written(house, options)
    finally:
        await changes.close()
        await db.close()
    every = [*bars, cost]
    rounded = {name: round(value, 3) for name, value in {**figures, **writes}.items()}
    return Audit("audit", rounded, found, every, all(bar.holds for bar in every))


async def _verified(house: House, postgres: Embedded, number: int) -> tuple[dict[str, float], list[Bar], Sequence[str]]:
    org_id = await _organization(house.db)
    figures: dict[str, float] = {"records": number}
    began = time.perf_counter()
    with psycopg.connect(postgres.superuser_url(), autocommit=True) as superuser:
        superuser.execute(_FILL, {"org": org_id, "number": number})
        superuser.execute("analyze audit_records")
        figures["written in s"] = time.perf_counter() - began
        figures["chained in s"] = await _chained(house, org_id)
        superuser.execute("analyze audit_chain")
        clean = await verifying.verdict(house.db, house.settings, org_id)
        figures["verified in s"] = clean.seconds
        figures["checkpoints"] = clean.checkpoints
        seq = number * 2 // 3
        superuser.execute("set session_replication_role = replica")
        superuser.execute(_CHANGE, {"org": org_id, "seq": seq})
    changed = await verifying.verdict(house.db, house.settings, org_id)
    figures["verified again in s"] = changed.seconds
    located = [each.seq for each in changed.findings]
    bars = [
        Bar.of(f"verify {number:,} records, s", measured=clean.seconds, at_most=max(2.0, SECONDS * number / 1_000_000)),
        Bar.of("findings in a record that nobody touched", measured=len(clean.findings), at_most=0),
        Bar.of("records not verified", measured=number - clean.records, at_most=0),
        Bar.of("changed byte not found where it is", measured=float(located != [seq]), at_most=0),
    ]
    told = [f"found: {each.fault} at {each.seq}, {each.at}: {each.detail}" for each in changed.findings]
    return figures, bars, told


async def _chained(house: House, org_id: UUID) -> float:
    """Every record linked, as the sequencer does it, with a checkpoint now and then."""
    held = await lease.acquire(house.db, f"audit/{org_id}", "bench", timedelta(hours=1))
    assert held, "the lease is taken"
    began, batches = time.perf_counter(), 0
    while await sequencing.advance(house.db, org_id, held):
        batches += 1
        if batches % SIGN_EVERY == 0:
            await checkpoints.make(house.db, house.settings, org_id)
    await checkpoints.make(house.db, house.settings, org_id)
    return time.perf_counter() - began


async def _written(house: House, options: Run) -> tuple[dict[str, float], Bar]:
    """Writes a second with and without their record, in turn, while the sequencer chains as in a running hub."""
    org_id = await _organization(house.db)
    seconds = QUICK_ROUND if options.quick else ROUND
    rates: dict[bool, list[float]] = {False: [], True: []}
    sequencing_ = asyncio.create_task(Sequencer(house).run())
    try:
        for _ in range(options.rounds):
            for audited in (False, True):
                rates[audited].append(await _rate(house.db, org_id, seconds, audited=audited))
    finally:
        await end(sequencing_)
    plain, recorded = (statistics.median(rates[audited]) for audited in (False, True))
    figures = {"writes a second": plain, "audited writes a second": recorded, "audited to unaudited": recorded / plain}
    return figures, Bar.of("unaudited writes to an audited one", measured=plain / recorded, at_most=COST)


async def _rate(db: Database, org_id: UUID, seconds: float, *, audited: bool) -> float:
    by = Principal(user_id=uuid4(), org_id=org_id, name="Bench", email="bench@example.com", grants=())
    until = time.perf_counter() + seconds
    counts = await asyncio.gather(*(_write(db, by, until, audited=audited) for _ in range(WRITERS)))
    return sum(counts) / seconds


async def _write(db: Database, by: Principal, until: float, *, audited: bool) -> int:
    done = 0
    while time.perf_counter() < until:
        async with db.transaction(by.org_id) as tx:
            name: Any = await tx.value(
                "insert into operations (org_id, kind, input, state, finished_at)"
                " values (%s, 'bench', '{}', 'done', now()) returning id",
                [by.org_id],
            )
            if audited:
                await record(tx, by, "thing.changed", f"things/{name}", {"name": "web"}, before={"replicas": 2})
        done += 1
    return done


async def _organization(db: Database) -> UUID:
    async with db.transaction() as tx:
        made: UUID = await tx.value("insert into organizations (name) values ('bench') returning id")
    return made


# A month of a busy organization, in the order of time.
_FILL = """
with added as (
    insert into audit_records (org_id, at, act, object, outcome, actor_id, actor_kind, request_id, trace_id, detail,
                               before, after, personal)
    select %(org)s, date_trunc('month', now()) + n * (interval '20 days' / %(number)s),
           (array['cluster.changed', 'restart.started', 'token.created', 'session.started'])[1 + n %% 4],
           'clusters/' || md5((n %% 500)::text), case when n %% 97 = 0 then 'refused' else 'done' end,
           md5((n %% 40)::text)::uuid, 'session', md5(n::text), md5((n / 3)::text),
           jsonb_build_object('name', 'cluster-' || n %% 500, 'number', n),
           case when n %% 4 = 0 then jsonb_build_object('replicas', n %% 10) end,
           case when n %% 4 = 0 then jsonb_build_object('replicas', n %% 10 + 1) end,
           jsonb_build_object(md5((n %% 40)::text)::uuid, repeat('c2VhbGVk', 8))
    from generate_series(1, %(number)s) as n
    returning org_id, at, id
)
insert into audit_pending (org_id, at, record_id) select org_id, at, id from added
"""

# One byte, with every right and past every trigger.
_CHANGE = """
update audit_records r set request_id = overlay(request_id placing 'x' from 7 for 1)
from audit_chain c
where c.org_id = %(org)s and c.seq = %(seq)s and (r.org_id, r.at, r.id) = (c.org_id, c.record_at, c.record_id)
"""
