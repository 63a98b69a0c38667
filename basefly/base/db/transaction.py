"""One transaction of one tenant: plain SQL in, typed rows out."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, NamedTuple, Protocol, TypeVar, cast, get_origin
from uuid import UUID

import msgspec
import psycopg
from psycopg import sql
from psycopg.abc import Buffer
from psycopg.abc import QueryNoTemplate as Query
from psycopg.adapt import AdaptersMap, Dumper
from psycopg.rows import RowMaker, scalar_row
from psycopg.types.json import Jsonb, JsonbDumper, set_json_dumps, set_json_loads

from basefly.base.db.failures import translated

# What stores need of the driver, which has its home here: `sql` composes queries; Json wraps a list or a plain value
# for a jsonb column (dicts and Structs need no wrapping).
__all__ = ["Json", "Tx", "sql"]

T = TypeVar("T")
Params = Sequence[Any] | Mapping[str, Any]
Connection = psycopg.AsyncConnection[tuple[Any, ...]]
Json = Jsonb
MOST_REMEMBERED = 1000  # answers of a process, the oldest of which goes first


class Remembered(NamedTuple):
    """An answer, when it was read (monotonic seconds), and the digest of what it was made of."""

    answer: Any
    at: float
    digest: Any


Memory = dict[tuple[UUID | None, str], Remembered]
"""What a process remembers of its database, by organization and name."""


class Sealer(Protocol):
    """What seals secrets for the organization of a transaction: the vault, which knows us and not we it."""

    async def seal(self, tx: Tx, plaintext: bytes, *, purpose: str) -> bytes:
        """Seal for a place: "table/column/row id"."""
        ...

    async def open(self, tx: Tx, sealed: bytes, *, purpose: str) -> bytes:
        """Open what was sealed for that place."""
        ...


class Tx:
    """One transaction. With an organization, row-level security shows and accepts only its rows; without, none.

    `sealer` is the vault of the house; None where nobody lives in one.
    """

    def __init__(
        self, connection: Connection, org_id: UUID | None, memory: Memory, sealer: Sealer | None = None
    ) -> None:
        self.connection = connection
        self.org_id = org_id
        self.sealer = sealer
        self._memory = memory

    async def execute(self, sql: Query, params: Params | None = None) -> int:
        """Run a statement; the number of rows that it touched."""
        with translated():
            return (await self.connection.execute(sql, params)).rowcount

    async def all(self, into: type[T], sql: Query, params: Params | None = None) -> list[T]:
        """Every row, as `into`: a Struct by column names, or a plain type for the only column."""
        async with self._cursor(into, sql, params) as cursor:
            return await cursor.fetchall()

    async def one(self, into: type[T], sql: Query, params: Params | None = None) -> T | None:
        """The first row as `into`, or None."""
        async with self._cursor(into, sql, params) as cursor:
            return await cursor.fetchone()

    async def value(self, sql: Query, params: Params | None = None) -> Any:
        """The first column of the first row, or None."""
        with translated():
            async with self.connection.cursor(row_factory=scalar_row) as cursor:
                return await (await cursor.execute(sql, params)).fetchone()

    async def remembered(
        self, name: str, read: Callable[[Tx], Awaitable[T]], digest: Query, params: Params, *, seconds: float
    ) -> T:
        """What `read` brought, as long as the statement `digest` has the same value.

        For what costs much to read and little to digest. After `seconds` it is read anew all the same: nothing that
        the digest leaves out grows older. Nobody may change what they get.
        """
        now, key, found = time.monotonic(), (self.org_id, name), await self.value(digest, params)
        held = self._memory.get(key)
        if held is None or held.digest != found or now - held.at > seconds:
            self._memory.pop(key, None)
            held = self._memory[key] = Remembered(await read(self), now, found)
            if len(self._memory) > MOST_REMEMBERED:
                del self._memory[next(iter(self._memory))]
        return cast("T", held.answer)

    async def notify(self, *topics: str) -> None:
        """Tell every subscriber of this organization that `topics` changed, if and when this commits."""
        told = [f"{self.org_id}/{topic}" for topic in topics]
        await self.execute("select pg_notify('basefly', topic) from unnest(%s::text[]) as t (topic)", [told])

    @asynccontextmanager
    async def attempt(self) -> AsyncIterator[None]:
        """A savepoint: what fails inside is undone, and the transaction goes on."""
        with translated():
            async with self.connection.transaction():
                yield

    @asynccontextmanager
    async def _cursor(self, into: type[T], sql: Query, params: Params | None) -> AsyncIterator[psycopg.AsyncCursor[T]]:
        with translated():
            async with self.connection.cursor(row_factory=_rows(into)) as cursor:
                await cursor.execute(sql, params)
                yield cursor


def _rows(into: type[T]) -> Any:
    """A row factory for `into`. Conversion checks types, so a column that lost its type is found at once."""

    struct = issubclass(get_origin(into) or into, msgspec.Struct)

    def factory(cursor: psycopg.AsyncCursor[Any]) -> RowMaker[T]:
        names = [column.name for column in cursor.description or ()]
        if into is dict:
            return cast("RowMaker[T]", lambda values: dict(zip(names, values, strict=True)))
        if struct:
            return lambda values: msgspec.convert(dict(zip(names, values, strict=True)), into)
        return lambda values: msgspec.convert(values[0], into)

    return factory


class _StructDumper(JsonbDumper):
    """A msgspec Struct as jsonb."""

    def dump(self, obj: Any) -> Buffer | None:
        return msgspec.json.encode(obj)


class _DictDumper(_StructDumper, Dumper):
    """A dict as jsonb."""


def prepare(connection: psycopg.AsyncConnection[Any]) -> None:
    """Teach a connection our types: dicts and Structs are jsonb, and JSON is read and written by msgspec."""
    adapters: AdaptersMap = connection.adapters
    adapters.register_dumper(dict, _DictDumper)
    adapters.register_dumper(msgspec.Struct, _StructDumper)
    set_json_loads(msgspec.json.decode, connection)
    set_json_dumps(msgspec.json.encode, connection)
