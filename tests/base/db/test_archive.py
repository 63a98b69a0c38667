"""Removal and return of a thing with all that hangs on it, over three levels, in pieces, interrupted, and raced."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from uuid import UUID, uuid4

import psycopg
import pytest

from basefly.base.db import archive
from basefly.base.db.archive import Part, Plan
from basefly.base.db.failures import Duplicate
from basefly.base.db.pool import Database
from basefly.base.errors import Conflict, NotFound
from tests.conftest import Urls

PLAN = Plan("sites", (Part("halls", "sites", "site_id"), Part("racks", "halls", "hall_id")), (("lands", "land_id"),))

SCHEMA = """
create table {name} (
    org_id uuid not null references organizations on delete restrict,
    id uuid not null default gen_random_uuid(), {parent}_id uuid not null, name text not null,
    deleted_at timestamptz, primary key (org_id, id),
    foreign key (org_id, {parent}_id) references {parent}s (org_id, id) on delete restrict
);
create unique index on {name} (org_id, {parent}_id, name) where deleted_at is null;
select basefly_tenant('{name}');
grant select, insert, update on {name} to basefly_app;
"""


@pytest.fixture(autouse=True)
def tables(urls: Urls) -> None:
    with psycopg.connect(urls.owner) as owner:
        owner.execute(
            "create table lands (org_id uuid not null references organizations on delete restrict,"
            " id uuid not null default gen_random_uuid(), deleted_at timestamptz, primary key (org_id, id));"
            "select basefly_tenant('lands'); grant select, insert, update on lands to basefly_app"
        )
        for name, parent in (("sites", "land"), ("halls", "site"), ("racks", "hall")):
            owner.execute(SCHEMA.format(name=name, parent=parent))


@pytest.fixture
async def site(db: Database, org: UUID) -> UUID:
    """A site with three halls of five racks each, of which one rack was removed long ago."""
    async with db.transaction(org) as tx:
        land = await tx.value("insert into lands (org_id) values (%s) returning id", [org])
        site = await tx.one(UUID, f"{INSERT.format('sites', 'land_id')}", [org, land, "north"])
        for hall in range(3):
            hall_id = await tx.value(INSERT.format("halls", "site_id"), [org, site, f"hall {hall}"])
            for rack in range(5):
                await tx.value(INSERT.format("racks", "hall_id"), [org, hall_id, f"rack {rack}"])
        await tx.execute(
            "update racks set deleted_at = '2020-01-01' where id = (select min(id::text)::uuid from racks)"
        )
    assert site is not None
    return site


INSERT = "insert into {} (org_id, {}, name) values (%s, %s, %s) returning id"


async def alive(db: Database, org: UUID) -> Sequence[int]:
    async with db.transaction(org) as tx:
        tables = ("sites", "halls", "racks")
        return [await tx.value(f"select count(*) from {table} where deleted_at is null") for table in tables]


async def test_all_goes_and_all_comes_back(db: Database, org: UUID, site: UUID) -> None:
    by = uuid4()
    gone = await archive.archive(db, PLAN, org_id=org, root_id=site, by=by)
    assert (gone.state, gone.counts, gone.archived_by) == ("archived", {"halls": 3, "racks": 14}, by)
    assert await alive(db, org) == [0, 0, 0]
    back = await archive.restore(db, PLAN, org_id=org, root_id=site, by=by)
    assert (back.state, back.counts, back.restored_by) == ("restored", {"halls": 0, "racks": 0}, by)
    assert await alive(db, org) == [1, 3, 14]


async def test_what_is_gone_cannot_go_and_what_is_there_cannot_come_back(db: Database, org: UUID, site: UUID) -> None:
    with pytest.raises(NotFound):
        await archive.restore(db, PLAN, org_id=org, root_id=site)
    await archive.archive(db, PLAN, org_id=org, root_id=site)
    with pytest.raises(NotFound):
        await archive.archive(db, PLAN, org_id=org, root_id=site)


async def test_another_organization_cannot_touch_it(db: Database, org: UUID, other_org: UUID, site: UUID) -> None:
    with pytest.raises(NotFound):
        await archive.archive(db, PLAN, org_id=other_org, root_id=site)
    await archive.archive(db, PLAN, org_id=org, root_id=site)
    with pytest.raises(NotFound):
        await archive.restore(db, PLAN, org_id=other_org, root_id=site)
    assert await alive(db, org) == [0, 0, 0]


@pytest.mark.parametrize("chunk", [1, 4, 7])
async def test_interrupted_anywhere_it_goes_on(
    db: Database, org: UUID, site: UUID, monkeypatch: pytest.MonkeyPatch, chunk: int
) -> None:
    monkeypatch.setattr(archive, "CHUNK", chunk)
    before = await alive(db, org)
    for verb, end in ((archive.archive, [0, 0, 0]), (archive.restore, before)):
        interruptions, left = 0, [sum(await alive(db, org))]
        while not await one_transaction(verb, db, org, site):
            interruptions += 1
            left.append(sum(await alive(db, org)))
            async with db.transaction(org) as tx:
                assert [archival.root_id for archival in await archive.unfinished(tx)] == [site]
        assert interruptions >= 2
        assert left in (sorted(left), sorted(left, reverse=True)), "progress is monotone"
        assert await alive(db, org) == end
    async with db.transaction(org) as tx:
        assert await archive.unfinished(tx) == []


async def one_transaction(verb: object, db: Database, org: UUID, site: UUID) -> bool:
    """Let a verb commit one transaction, then die; whether it came to its end."""

    class Mortal(Database):
        def __init__(self) -> None:
            self.lives = 1

        def transaction(self, org_id: UUID | None = None):  # type: ignore[no-untyped-def]  # as its parent
            self.lives -= 1
            if self.lives < 0:
                raise ConnectionError
            return db.transaction(org_id)

    try:
        await verb(Mortal(), PLAN, org_id=org, root_id=site)  # type: ignore[operator]  # one of two verbs
    except ConnectionError:
        return False
    return True


async def test_its_name_is_free_after_the_end_and_a_return_then_conflicts(
    db: Database, org: UUID, site: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with db.transaction(org) as tx:
        land = await tx.value("select land_id from sites")
    monkeypatch.setattr(archive, "CHUNK", 4)
    await one_transaction(archive.archive, db, org, site)
    with pytest.raises(Duplicate):
        async with db.transaction(org) as tx:
            await tx.execute(INSERT.format("sites", "land_id"), [org, land, "north"])
    await archive.archive(db, PLAN, org_id=org, root_id=site)
    async with db.transaction(org) as tx:
        await tx.execute(INSERT.format("sites", "land_id"), [org, land, "north"])
    with pytest.raises(Conflict, match="taken"):
        await archive.restore(db, PLAN, org_id=org, root_id=site)
    assert await alive(db, org) == [1, 0, 0]


async def test_it_does_not_come_back_without_what_it_hangs_on(db: Database, org: UUID, site: UUID) -> None:
    await archive.archive(db, PLAN, org_id=org, root_id=site)
    async with db.transaction(org) as tx:
        await tx.execute("update lands set deleted_at = now()")
    with pytest.raises(Conflict, match="lands"):
        await archive.restore(db, PLAN, org_id=org, root_id=site)


async def test_two_at_once_remove_it_once(db: Database, org: UUID, site: UUID) -> None:
    outcomes = await asyncio.gather(
        *[archive.archive(db, PLAN, org_id=org, root_id=site) for _ in range(4)], return_exceptions=True
    )
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["Archival", "NotFound", "NotFound", "NotFound"]
