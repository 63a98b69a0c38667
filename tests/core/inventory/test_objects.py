"""Lists: every page once, every filter as a plain reading of the rows says, and nothing outside the asker's scope."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any
from uuid import UUID

import msgspec
import pytest

from basefly.base.db.pool import Database
from basefly.base.kube import selectors
from basefly.base.principal import Reach, Scope
from basefly.core.clusters import store as clusters
from basefly.core.inventory.model import Match, ObjectQuery, SearchQuery, Sort, StoredObject
from basefly.core.inventory.store import objects
from basefly.core.sync.kind import Row
from basefly.core.sync.model import Place
from basefly.core.sync.store import merge
from basefly.core.sync.store.merge import Change

NAMES = ["web", "web-1", "Web", "api", "a%b", "a_b", "a\\b", "zoo"]
STATUSES = [("Running", "ok"), ("Pending", "warn"), ("CrashLoopBackOff", "bad")]


def pods(count: int, seed: int = 1) -> list[Row]:
    chance = random.Random(seed)  # noqa: S311  # the same rows for the same seed
    made = []
    for number in range(count):
        status, health = chance.choice(STATUSES)
        labels = {"app": chance.choice("ab"), **({"tier": chance.choice("xy")} if chance.random() < 0.5 else {})}
        cells = {"restarts": chance.choice([0, 2, 10]), "node": chance.choice(["n1", "n2", ""])}
        made.append(
            Row(
                uid=f"uid-{number:03}",
                namespace=chance.choice(["default", "shop", "pay"]),
                name=chance.choice(NAMES),
                resource_version=str(number),
                created_at=f"2026-01-{chance.randint(1, 28):02}T00:00:00Z",
                status=status,
                health=health,  # type: ignore[arg-type]  # one of the words above
                owner_uid="",
                labels=msgspec.json.encode(labels).decode(),
                cells=msgspec.json.encode(cells).decode(),
                digest=number,
            )
        )
    return made


@pytest.fixture
async def fleet_of_two(db: Database, org: UUID, cluster_id: UUID) -> tuple[UUID, UUID]:
    """Two clusters with 60 pods in each, of the same uids and names."""
    async with db.transaction(org) as tx:
        second = await tx.one(UUID, "insert into clusters (org_id, name) values (%s, 'aachen') returning id", [org])
        assert second is not None
        for seed, where in enumerate((cluster_id, second)):
            await merge.upsert_objects(tx, [Change(Place(where, "pods"), row) for row in pods(60, seed)])
    return cluster_id, second


Reader = Callable[..., Any]


@pytest.fixture
def read(db: Database, org: UUID, fleet_of_two: tuple[UUID, UUID]) -> Reader:
    """Reads every page of a query, and checks that the count agrees."""

    async def all_pages(scope: Scope | None = None, limit: int = 7, **asked: Any) -> list[StoredObject]:
        scope = scope or Scope(org, (Reach(None, None),))
        found: list[StoredObject] = []
        cursor: str | None = ""
        async with db.transaction(org) as tx:
            query = ObjectQuery(**{"resource": "pods", "clusters": fleet_of_two, "limit": limit, **asked})
            while cursor is not None:
                page, cursor, _ = await objects.page_objects(tx, scope, msgspec.structs.replace(query, cursor=cursor))
                assert len(page) <= limit
                found.extend(page)
            assert await objects.count_objects(tx, scope, query) == (len(found), True)
        return found

    return all_pages


def key(row: StoredObject) -> tuple[UUID, str]:
    return row.cluster_id, row.uid


class TestPages:
    @pytest.mark.parametrize("column", ["name", "namespace", "status", "health", "created_at", "restarts", "node"])
    @pytest.mark.parametrize("descending", [False, True])
    async def test_show_every_object_once_and_in_order(self, read: Reader, column: str, descending: bool) -> None:
        found = await read(sort=Sort(column, descending))
        assert len(found) == 120
        assert len({key(row) for row in found}) == 120
        values = [getattr(row, column) if hasattr(row, column) else row.cells[column] for row in found]
        assert values == sorted(values, reverse=descending)

    async def test_sort_by_the_name_of_the_cluster(self, read: Reader, fleet_of_two: tuple[UUID, UUID]) -> None:
        berlin, aachen = fleet_of_two
        found = await read(sort=Sort("cluster"))
        assert [row.cluster_id for row in found] == [aachen] * 60 + [berlin] * 60

    async def test_the_page_size_changes_nothing(self, read: Reader) -> None:
        assert await read(limit=1000) == await read(limit=11)


class TestFilters:
    @pytest.mark.parametrize("text", ["we", "WEB", "a%", "a_b", "a\\b", "%", "_", "\\", "nothing like it"])
    async def test_text_means_itself(self, read: Reader, text: str) -> None:
        everything = await read()
        wanted = {key(row) for row in everything if text.lower() in row.name.lower()}
        assert {key(row) for row in await read(text=text)} == wanted

    @pytest.mark.parametrize(
        ("selector", "holds"),
        [
            ("app=a", lambda labels: labels.get("app") == "a"),
            ("app!=a", lambda labels: labels.get("app") != "a"),
            ("tier", lambda labels: "tier" in labels),
            ("!tier", lambda labels: "tier" not in labels),
            ("tier in (x,z)", lambda labels: labels.get("tier") in ("x", "z")),
            ("tier notin (x)", lambda labels: labels.get("tier") != "x"),
            ("app=a,tier=y", lambda labels: labels.get("app") == "a" and labels.get("tier") == "y"),
        ],
    )
    async def test_selectors_mean_what_kubernetes_means(
        self, read: Reader, selector: str, holds: Callable[[dict[str, str]], bool]
    ) -> None:
        wanted = {key(row) for row in await read() if holds(row.labels)}
        assert 0 < len(wanted) < 120
        assert {key(row) for row in await read(selector=selectors.parse(selector))} == wanted

    async def test_columns_namespaces_and_states(self, read: Reader) -> None:
        everything = await read()
        assert len(await read(columns={"node": "n1"})) == sum(row.cells["node"] == "n1" for row in everything)
        assert len(await read(columns={"restarts": "10"})) == sum(row.cells["restarts"] == 10 for row in everything)
        assert len(await read(namespaces=("shop", "pay"))) == sum(row.namespace != "default" for row in everything)
        assert len(await read(healths=("bad",))) == sum(row.health == "bad" for row in everything)
        assert len(await read(statuses=("Pending",))) == sum(row.status == "Pending" for row in everything)


class TestScope:
    async def test_shows_the_union_of_its_reaches_and_nothing_else(
        self, read: Reader, org: UUID, fleet_of_two: tuple[UUID, UUID]
    ) -> None:
        berlin, aachen = fleet_of_two
        scope = Scope(org, (Reach(frozenset({berlin}), frozenset({"shop"})), Reach(frozenset({aachen}), None)))
        wanted = {
            key(row)
            for row in await read()
            if row.cluster_id == aachen or (row.cluster_id == berlin and row.namespace == "shop")
        }
        assert {key(row) for row in await read(scope=scope)} == wanted

    async def test_an_empty_scope_sees_nothing(self, read: Reader, org: UUID) -> None:
        assert await read(scope=Scope(org, ())) == []

    async def test_another_organization_sees_nothing_even_without_the_applications_filter(
        self, db: Database, other_org: UUID, fleet_of_two: tuple[UUID, UUID]
    ) -> None:
        async with db.transaction(other_org) as tx:
            assert await tx.value("select count(*) from objects") == 0
            assert await tx.value("select count(*) from rollups") == 0


class TestSearch:
    async def test_finds_parts_of_names_exact_ones_first(
        self, db: Database, org: UUID, fleet_of_two: tuple[UUID, UUID]
    ) -> None:
        async with db.transaction(org) as tx:
            scope = Scope(org, (Reach(None, None),))
            wanted = SearchQuery(clusters=fleet_of_two, texts=("web",), matches=(Match("name", ("web",)),), limit=500)
            found = await objects.search_objects(tx, scope, wanted)
            none = await objects.search_objects(tx, scope, msgspec.structs.replace(wanted, resources=("nodes",)))
        assert none == []
        assert found[0].name == "web"
        assert {row.name for row in found} == {"web", "web-1", "Web"}


class TestFamily:
    async def test_owners_up_to_the_root_and_all_that_the_root_owns(
        self, db: Database, org: UUID, cluster_id: UUID
    ) -> None:
        blank = pods(1)[0]
        family = {"d": "", "rs1": "d", "rs2": "d", "p1": "rs1", "p2": "rs2", "stranger": "", "event": "p1"}
        scope = Scope(org, (Reach(None, None),))
        async with db.transaction(org) as tx:
            for uid, owner in family.items():
                resource = "events" if uid == "event" else "pods"
                row = msgspec.structs.replace(blank, uid=uid, name=uid, namespace="default", owner_uid=owner)
                await merge.upsert_objects(tx, [Change(Place(cluster_id, resource), row)])
            start = await objects.get_object(tx, scope, cluster_id, "pods", namespace="default", name="p1")
            assert start is not None
            found = await objects.get_family(tx, scope, start)
            events = await objects.get_events_about(tx, scope, start)
        assert {row.uid for row in found} == {"d", "rs1", "rs2", "p1", "p2"}
        assert [row.uid for row in events] == ["event"]

    async def test_owners_in_a_circle_end(self, db: Database, org: UUID, cluster_id: UUID) -> None:
        blank = pods(1)[0]
        scope = Scope(org, (Reach(None, None),))
        async with db.transaction(org) as tx:
            for uid, owner in {"a": "b", "b": "a"}.items():
                row = msgspec.structs.replace(blank, uid=uid, name=uid, namespace="default", owner_uid=owner)
                await merge.upsert_objects(tx, [Change(Place(cluster_id, "pods"), row)])
            start = await objects.get_object(tx, scope, cluster_id, "pods", namespace="default", name="a")
            assert start is not None
            found = await objects.get_family(tx, scope, start)
        assert {row.uid for row in found} == {"a", "b"}


async def test_a_removed_cluster_is_left_out_though_the_first_is_as_it_was(
    db: Database, org: UUID, fleet_of_two: tuple[UUID, UUID]
) -> None:
    async with db.transaction(org) as tx:
        sight = await clusters.get_states(tx)
        assert await objects.get_left(tx, sight) == []
        removed = sight[-1].id
        await tx.execute("update clusters set deleted_at = now() where id = %s", [removed])
    async with db.transaction(org) as tx:
        left = await clusters.get_states(tx)
        assert left == [sight[0]]
        assert await objects.get_left(tx, left) == [removed]
