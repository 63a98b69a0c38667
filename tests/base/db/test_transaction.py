"""Rows come typed, what goes in needs no wrapping, and refusals speak our language."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Literal
from uuid import UUID, uuid4

import msgspec
import pytest

from basefly.base.db.failures import Duplicate, Referenced
from basefly.base.db.pool import Database
from basefly.base.db.transaction import Json, Tx
from basefly.base.errors import Conflict, Invalid


class Inner(msgspec.Struct):
    words: list[str]


class Row(msgspec.Struct):
    id: UUID
    at: datetime
    took: timedelta
    price: Decimal
    data: bytes
    inner: Inner
    labels: dict[str, str]
    state: Literal["on", "off"]
    missing: int | None


async def test_a_row_becomes_a_struct(db: Database) -> None:
    sent = Row(
        uuid4(), datetime(2026, 1, 2, 3, 4, 5, 678901, UTC), timedelta(hours=26), Decimal("12.340"), b"\x00\xff",
        Inner(["ä", "\U0001f680"]), {"a/b": "c"}, "on", None,
    )  # fmt: skip
    async with db.transaction() as tx:
        got = await tx.one(
            Row,
            "select %(id)s::uuid as id, %(at)s::timestamptz as at, %(took)s::interval as took, %(price)s::numeric"
            " as price, %(data)s::bytea as data, %(inner)s::jsonb as inner, %(labels)s::jsonb as labels,"
            " %(state)s::text as state, null::int as missing",
            msgspec.structs.asdict(sent),
        )
    assert got == sent


async def test_a_column_of_another_type_is_found_at_once(db: Database) -> None:
    async with db.transaction() as tx:
        with pytest.raises(msgspec.ValidationError, match=r"\$.words"):
            await tx.one(Inner, "select 'one' as words")


async def test_plain_types_take_the_only_column(db: Database) -> None:
    async with db.transaction() as tx:
        assert await tx.all(int, "select generate_series(1, 3)") == [1, 2, 3]
        assert await tx.one(str, "select 'a' where false") is None
        assert await tx.value("select 'a' where false") is None
        assert await tx.one(dict, "select 1 as a, 'x' as b") == {"a": 1, "b": "x"}
        assert await tx.all(list[int], "select '[1, 2]'::jsonb") == [[1, 2]]


async def test_json_goes_in_as_it_is(db: Database) -> None:
    async with db.transaction() as tx:
        for value in ({"a": [1, None]}, Json([1, "two"]), Json("text"), Inner(["x"])):
            assert await tx.value("select jsonb_typeof(%s)", [value]) in ("object", "array", "string")


async def test_execute_counts_the_rows_it_touched(db: Database, org: UUID, other_org: UUID) -> None:
    async with db.transaction() as tx:
        assert await tx.execute("update organizations set name = name") == 2


@pytest.mark.usefixtures("org")
async def test_what_the_database_refuses_is_told(db: Database, org: UUID) -> None:
    refusals: dict[str, tuple[type[Exception], str]] = {
        "insert into organizations (id, name) values (%(org)s, 'again')": (Duplicate, "already"),
        "insert into organizations (name) values ('')": (Invalid, "organizations_name_check"),
        "insert into operation_steps (org_id, operation_id, name, attempt, result)"
        " values (%(org)s, gen_random_uuid(), 'a', 1, '1')": (Referenced, "missing"),
        "select %(nul)s || 'x', %(org)s": (Invalid, "NUL"),
        "select 'x'::text::uuid, %(org)s": (Invalid, "uuid"),
    }
    for query, (kind, words) in refusals.items():
        with pytest.raises(kind, match=words):
            async with db.transaction(org) as tx:
                await tx.execute(query, {"org": org, **({"nul": "a\x00b"} if "nul" in query else {})})


async def test_a_savepoint_undoes_only_what_failed(db: Database, org: UUID) -> None:
    async def fail(tx: Tx) -> None:
        async with tx.attempt():
            await tx.execute("update organizations set name = 'lost'")
            await tx.execute("insert into organizations (id, name) values (%s, 'again')", [org])

    async with db.transaction() as tx:
        await tx.execute("update organizations set name = 'renamed'")
        with pytest.raises(Conflict):
            await fail(tx)
        assert await tx.value("select name from organizations") == "renamed"
