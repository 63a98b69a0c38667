"""Rows come typed, what goes in needs no wrapping, and refusals speak our language."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Literal
from uuid import UUID, uuid4

import msgspec
import pytest

from basefly.base.db.failures import Duplicate, Referenced
from basefly.base.db.pool import Database
from basefly.base.db.transaction import Json, Tx, sql
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


@pytest.mark.parametrize(
    ("type_", "members"),
    [
        ("text", ["plain", "", "NULL", "null", "a,b", "{c}", " spaced ", "new\nline", "tab\t", "ä\U0001f680"]),
        ("text", ["one"]),
        ("text", ['a "quoted" word']),
        ("text", ["back\\slash", "plain"]),
        ("text", ['"', '"']),
        ("text", ["one", None, "NULL"]),
        ("text", []),
        ("text", [["a", "b"], ["c", 'd"']]),
        ("bigint", [0, -1, 2**63 - 1, -(2**63)]),
        ("int", [1, None]),
        ("uuid", [UUID(int=0), uuid4(), UUID(int=2**128 - 1)]),
        ("bytea", [b"", b"\x00\xff", b'"\\,{}', bytes(range(256))]),
        ("boolean", [True, False]),
        ("timestamptz", [datetime(2026, 1, 2, 3, 4, 5, 678901, UTC)]),
    ],
)
async def test_a_list_is_an_array_of_the_same(db: Database, type_: str, members: list[Any]) -> None:
    async with db.transaction() as tx:
        assert await tx.one(list, sql.SQL("select %s::{}[]").format(sql.SQL(type_)), [members]) == members


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


class TestRemembered:
    """What costs much to read is read again once its digest says so, or when it is old."""

    @staticmethod
    async def names(db: Database, org: UUID, seconds: float = 60.0) -> list[str]:
        async def read(tx: Tx) -> list[str]:
            return await tx.all(str, "select name from clusters order by name")

        async with db.transaction(org) as tx:
            digest = "select count(*) from clusters where org_id = %s"
            return await tx.remembered("names", read, digest, [org], seconds=seconds)

    @staticmethod
    async def add(db: Database, org: UUID, name: str) -> None:
        async with db.transaction(org) as tx:
            await tx.execute("insert into clusters (org_id, name) values (%s, %s)", [org, name])

    async def test_it_is_read_again_when_its_digest_has_changed(self, db: Database, org: UUID) -> None:
        await self.add(db, org, "a")
        assert await self.names(db, org) == ["a"]
        async with db.transaction(org) as tx:
            await tx.execute("update clusters set name = 'b'")
        assert await self.names(db, org) == ["a"], "the digest does not know of names"
        await self.add(db, org, "c")
        assert await self.names(db, org) == ["b", "c"]

    async def test_it_is_read_again_when_it_is_old(self, db: Database, org: UUID) -> None:
        await self.add(db, org, "a")
        await self.names(db, org)
        async with db.transaction(org) as tx:
            await tx.execute("update clusters set name = 'b'")
        assert await self.names(db, org, seconds=0.0) == ["b"]

    async def test_nobody_gets_what_another_organization_read(self, db: Database, org: UUID, other_org: UUID) -> None:
        await self.add(db, org, "a")
        await self.add(db, other_org, "z")
        assert await self.names(db, org) == ["a"]
        assert await self.names(db, other_org) == ["z"]

    async def test_what_was_read_of_a_change_that_was_undone_is_not_kept(self, db: Database, org: UUID) -> None:
        await self.add(db, org, "a")
        assert await self.names(db, org) == ["a"]

        async def read(tx: Tx) -> list[str]:
            return await tx.all(str, "select name from clusters order by name")

        async def undo() -> None:
            digest = "select count(*) from clusters where org_id = %s"
            async with db.transaction(org) as tx:
                await tx.execute("insert into clusters (org_id, name) values (%s, 'never')", [org])
                assert await tx.remembered("names", read, digest, [org], seconds=60) == ["a", "never"]
                raise LookupError

        with pytest.raises(LookupError):
            await undo()
        assert await self.names(db, org) == ["a"]


class TestKept:
    """What is worth reading only now and then."""

    @staticmethod
    async def moment(db: Database, org: UUID, **how: Any) -> str:
        async def read(tx: Tx) -> str:
            return str(await tx.value("select clock_timestamp()::text"))

        async with db.transaction(org) as tx:
            return await tx.kept("moment", read, **how)

    async def test_it_is_kept_for_a_time(self, db: Database, org: UUID) -> None:
        first = await self.moment(db, org, seconds=60)
        assert await self.moment(db, org, seconds=60) == first
        assert await self.moment(db, org, seconds=0) != first

    async def test_it_is_kept_while_what_it_is_made_of_is_the_same(self, db: Database, org: UUID) -> None:
        first = await self.moment(db, org, of=["a"])
        assert await self.moment(db, org, of=["a"]) == first
        assert await self.moment(db, org, of=["b"]) != first
