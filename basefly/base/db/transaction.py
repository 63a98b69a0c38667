"""One transaction of one tenant: plain SQL in, typed rows out."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Awaitable, Callable, Hashable, Mapping, Sequence
from contextlib import asynccontextmanager
from math import inf
from typing import Any, NamedTuple, Protocol, TypeVar, cast, get_origin
from uuid import UUID

import msgspec
import psycopg
from psycopg import sql
from psycopg.abc import Buffer
from psycopg.abc import QueryNoTemplate as Query
from psycopg.adapt import AdaptersMap, Dumper
from psycopg.rows import RowMaker, scalar_row, tuple_row
from psycopg.types.array import ListDumper
from psycopg.types.json import Jsonb, JsonbDumper, set_json_dumps, set_json_loads

from basefly.base.db.failures import translated

# What stores need of the driver, which has its home here: `sql` composes queries; Json wraps a list or a plain value
# for a jsonb column (dicts and Structs need no wrapping).
__all__ = ["Json", "Tx", "sql"]

T = TypeVar("T")
Params = Sequence[Any] | Mapping[str, Any]
Connection = psycopg.AsyncConnection[tuple[Any, ...]]
Json = Jsonb
MOST_REMEMBERED = 100  # answers of a process, the oldest of which goes first: each may be of every cluster


class Remembered(NamedTuple):
    """An answer, when it was read (monotonic seconds), and what it was made of, or a digest of that."""

    answer: Any
    at: float
    of: Any


Memory = dict[tuple[UUID | None, Hashable], Remembered]
"""What a process remembers of its database, by organization and name."""


class Sealer(Protocol):
    """What seals secrets for the organization of a transaction: the vault, which knows us and not we it."""

    async def seal(self, tx: Tx, plaintext: bytes, *, purpose: str) -> bytes:
        """Seal for a place: "table/column/row id"."""
        ...

    async def open(self, tx: Tx, sealed: bytes, *, purpose: str) -> bytes:
        """Open what was sealed for that place."""
        ...


class Ran(NamedTuple):
    """A statement that was run for an organization, with what was passed to it."""

    query: Query
    params: Params | None
    org_id: UUID | None


class Watch(Protocol):
    """Who wants to know of slow statements: those that took `threshold` seconds or longer."""

    threshold: float

    def noted(self, connection: Connection, ran: Ran, seconds: float) -> None:
        """A statement took so long, whether it failed or not."""
        ...


class Tx:
    """One transaction. With an organization, row-level security shows and accepts only its rows; without, none.

    `sealer` is the vault of the house; None where nobody lives in one. `watch` hears of what is slow.
    """

    def __init__(
        self,
        connection: Connection,
        org_id: UUID | None,
        memory: Memory,
        *,
        sealer: Sealer | None = None,
        watch: Watch | None = None,
    ) -> None:
        self.connection = connection
        self.org_id = org_id
        self.sealer = sealer
        self.behind: float | None = None  # seconds that what it sees may be old; None at the primary
        self._memory = memory
        self._watch = watch

    async def execute(self, sql: Query, params: Params | None = None) -> int:
        """Run a statement; the number of rows that it touched."""
        return (await self._executed(tuple_row, sql, params)).rowcount

    async def all(self, into: type[T], sql: Query, params: Params | None = None) -> list[T]:
        """Every row, as `into`: a Struct by column names, or a plain type for the only column."""
        cursor = await self._executed(_rows(into), sql, params)
        with translated():
            return cast("list[T]", await cursor.fetchall())

    async def one(self, into: type[T], sql: Query, params: Params | None = None) -> T | None:
        """The first row as `into`, or None."""
        cursor = await self._executed(_rows(into), sql, params)
        with translated():
            return cast("T | None", await cursor.fetchone())

    async def value(self, sql: Query, params: Params | None = None) -> Any:
        """The first column of the first row, or None."""
        cursor = await self._executed(scalar_row, sql, params)
        with translated():
            return await cursor.fetchone()

    async def remembered(
        self,
        name: Hashable,
        read: Callable[[Tx], Awaitable[T]],
        digest: Query,
        params: Params,
        *,
        seconds: float,
        of: object = None,
    ) -> T:
        """What `read` brought, as long as the statement `digest` has the same value and it is made `of` the same.

        For what costs much to read and little to digest. After `seconds` it is read anew all the same: nothing that
        the digest leaves out grows older. Nobody may change what they get.
        """
        return await self.kept(name, read, of=(await self.value(digest, params), of), seconds=seconds)

    async def kept(
        self, name: Hashable, read: Callable[[Tx], Awaitable[T]], *, of: object = None, seconds: float = inf
    ) -> T:
        """What `read` brought, for so many seconds, or as long as it is made `of` the same. Nobody may change it."""
        now, key = time.monotonic(), (self.org_id, name)
        held = self._memory.get(key)
        if held is None or held.of != of or now - held.at > seconds:
            self._memory.pop(key, None)
            held = self._memory[key] = Remembered(await read(self), now, of)
            if len(self._memory) > MOST_REMEMBERED:
                del self._memory[next(iter(self._memory))]
        return cast("T", held.answer)

    async def shared(self, name: Hashable, read: Callable[[Tx], Awaitable[T]], *topics: str) -> T:  # noqa: ARG002  # Reading's
        """What `read` brings, or brought just now to somebody else, if none of these topics has changed since.

        The name says all that the answer depends on beside them: the question, the rights of who asks, their language.
        Only what is shown is shared: a transaction that may write reads by itself. Nobody may change what they get.
        """
        return await read(self)

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

    async def _executed(self, rows: Any, query: Query, params: Params | None) -> psycopg.AsyncCursor[Any]:
        """Every statement passes here."""
        begun = time.perf_counter()
        try:
            with translated():
                return await self.connection.cursor(row_factory=rows).execute(query, params)
        finally:
            seconds = time.perf_counter() - begun
            if self._watch and seconds >= self._watch.threshold:
                self._watch.noted(self.connection, Ran(query, params, self.org_id), seconds)


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


def _texts(members: list[str]) -> str | None:
    text = '","'.join(members)
    plain = text.count('"') == 2 * (len(members) - 1) and "\\" not in text
    return f'{{"{text}"}}' if plain else None


_WRITTEN: Mapping[type, Callable[[list[Any]], str | None]] = {
    str: _texts,
    int: lambda members: f"{{{','.join(map(str, members))}}}",
    UUID: lambda members: f"{{{','.join([f'{each.int:032x}' for each in members])}}}",
    bytes: lambda members: '{"\\\\x' + '","\\\\x'.join([each.hex() for each in members]) + '"}',
}


class _ListDumper(ListDumper):
    """A list as an array (PostgreSQL manual, "Array Input and Output Syntax").

    The driver writes member by member, each in Python; what is all of one plain type is written at once: the sync
    writes some ten members of arrays an object.
    """

    def dump(self, obj: list[Any]) -> Buffer | None:
        types = set(map(type, obj))
        write = _WRITTEN.get(types.pop()) if len(types) == 1 else None
        text = write(obj) if write else None
        return super().dump(obj) if text is None else text.encode()


def prepare(connection: psycopg.AsyncConnection[Any]) -> None:
    """Teach a connection our types: dicts and Structs are jsonb, msgspec reads and writes JSON, lists are quick."""
    adapters: AdaptersMap = connection.adapters
    adapters.register_dumper(dict, _DictDumper)
    adapters.register_dumper(list, _ListDumper)
    adapters.register_dumper(msgspec.Struct, _StructDumper)
    set_json_loads(msgspec.json.decode, connection)
    set_json_dumps(msgspec.json.encode, connection)
