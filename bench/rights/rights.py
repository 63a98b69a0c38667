"""`rights`: what lists, facets and searches cost where the clusters' own rules count, beside grants alone.

Two people: one whom every cluster lets view everything, and one whom it lets view three namespaces of each.
"""

from __future__ import annotations

import asyncio
import io
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from uuid import UUID, uuid4

import msgspec
from rich.console import Console

from basefly.base.db import migrate
from basefly.base.db.changes import Changes
from basefly.base.db.embedded import Embedded
from basefly.base.db.pool import Database
from basefly.base.db.secrets import Vault
from basefly.base.db.transaction import Tx
from basefly.base.principal import Grant, Principal
from basefly.base.runtime.house import House
from basefly.base.settings import Settings
from basefly.core.access import store as organizations
from basefly.core.inventory import answers
from basefly.core.inventory.answers import ListRequest
from basefly.core.rights.arbiter import Arbiter
from basefly.core.rights.model import BINDINGS, CLUSTER_BINDINGS, CLUSTER_ROLES
from basefly.core.rights.sights import Sights
from basefly.core.sync import kinds
from basefly.core.sync.kind import EPOCH
from basefly.core.sync.model import Place
from basefly.core.sync.store import merge
from basefly.core.sync.store.merge import Change
from bench.console.fill import fill
from bench.fleet.size import Size
from bench.report import Bar, Run, bars_table

SIZES = {"S": Size(clusters=100, nodes=3, pods=100), "M": Size(1000, 3, 100), "L": Size(1000, 10, 1000)}
QUICK = Size(clusters=20, nodes=3, pods=60)
TIMES = 40
SPACES = 3
PERMISSIONS = frozenset({"inventory:read", "gateway:read"})
NARROW = frozenset({"inventory:read"})

Asked = Callable[[Tx, Principal], Awaitable[object]]
ASKED: Mapping[str, Asked] = {
    "a page of pods": lambda tx, by: answers.list_objects(tx, by, ListRequest(resource="pods")),
    "pods by a part of their name": lambda tx, by: answers.list_objects(tx, by, ListRequest(resource="pods", q="web")),
    "facets of pods": lambda tx, by: answers.facets(tx, by, ListRequest(resource="pods")),
    "a search": lambda tx, by: answers.search(tx, by, "web"),
}


class Costs(msgspec.Struct, frozen=True):
    """Milliseconds, medians."""

    bench: str
    figures: Mapping[str, float]
    bar: Sequence[Bar]
    holds: bool

    def table(self) -> str:
        """For people."""
        console = Console(file=io.StringIO(), width=120, record=True)
        console.print(*(f"{name}: {value:,.1f}" for name, value in self.figures.items()), sep="\n")
        console.print(bars_table(self.bar))
        return console.export_text()


def run(options: Run) -> Costs:
    """Fill a database with a fleet, bind two people in it, and measure."""
    size = QUICK if options.quick else SIZES[options.size]
    with tempfile.TemporaryDirectory(prefix="basefly-bench-") as name:
        settings = Settings(data_dir=Path(name))
        postgres = Embedded.start(settings)
        try:
            asyncio.run(migrate.up(postgres.owner_url))
            org = asyncio.run(_organization(postgres.app_url))
            fill(postgres.app_url, postgres.superuser_url(), org, size)
            figures = asyncio.run(_measured(settings, postgres.app_url, org))
        finally:
            postgres.stop()
    bars = [Bar.of("first sight of the fleet, ms", measured=figures["first sight, wide"], at_most=3000)]
    bars += [
        Bar.of(f"{asked}, wide: ms more", measured=figures[f"{asked}, wide"] - figures[f"{asked}, grants"], at_most=50)
        for asked in ASKED
    ]
    return Costs("rights", figures, bars, options.quick or all(bar.holds for bar in bars))


async def _organization(url: str) -> UUID:
    db, org = await Database.open(url), uuid4()
    async with db.transaction(org) as tx:
        await organizations.insert_organization(tx, "Bench")
    await db.close()
    return org


async def _measured(settings: Settings, url: str, org: UUID) -> dict[str, float]:
    db = await Database.open(url)
    house = House(settings, db, Changes(url), Vault.load(settings))
    sights = Sights(house, Arbiter(house))
    wide, narrow = _person(org, PERMISSIONS), _person(org, NARROW)
    async with db.transaction(org) as tx:
        ids = await tx.all(UUID, "select id from clusters order by name")
        await merge.upsert_objects(tx, [change for cluster in ids for change in _bound(cluster, narrow)])
    figures: dict[str, float] = {}
    people = {"grants": wide}
    for name, by in (("wide", wide), ("narrow", narrow)):
        begun = time.perf_counter()
        sight = await sights.of(by)
        figures[f"first sight, {name}"] = (time.perf_counter() - begun) * 1000
        people[name] = msgspec.structs.replace(by, sight=sight)
    begun = time.perf_counter()
    for held in sights._held.values():  # as a notice would
        held.stale.add(ids[0])
    await sights.of(wide)
    figures["one cluster anew"] = (time.perf_counter() - begun) * 1000
    for asked, ask in ASKED.items():
        for name, by in people.items():
            figures[f"{asked}, {name}"] = await _median(db, ask, by)
    await house.changes.close()
    await db.close()
    return figures


async def _median(db: Database, ask: Asked, by: Principal) -> float:
    took = []
    for _ in range(TIMES):
        begun = time.perf_counter()
        async with db.transaction(by.org_id) as tx:
            await ask(tx, by)
        took.append((time.perf_counter() - begun) * 1000)
    return statistics.median(took)


def _person(org: UUID, permissions: frozenset[str]) -> Principal:
    return Principal(user_id=uuid4(), org_id=org, name="Bea", email="bea@example.com", grants=(Grant(permissions),))


def _bound(cluster: UUID, narrow: Principal) -> list[Change]:
    """What binds both people in a cluster."""
    role = '{"count": 1, "rules": [{"verbs": ["get"], "apiGroups": ["", "apps", "batch"], "resources": ["*"]}]}'
    view = '{"role": "ClusterRole/bench", "subjects": ["Group/basefly:view"]}'
    single = f'{{"role": "ClusterRole/bench", "subjects": ["User/basefly:{narrow.user_id}"]}}'
    rows = [(CLUSTER_ROLES, "", "bench", role), (CLUSTER_BINDINGS, "", "bench", view)]
    rows += [(BINDINGS, f"shop-{number}", "bench", single) for number in range(SPACES)]
    return [
        Change(
            Place(cluster, resource),
            kinds.Row(f"{space}/{name}", space, name, "1", EPOCH, "Active", "ok", "", "{}", cells, hash(cells) >> 1),
        )
        for resource, space, name, cells in rows
    ]
