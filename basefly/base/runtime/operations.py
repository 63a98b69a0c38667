"""What must finish though the process dies: operations of named steps, resumed by whichever process lives.

A step's result is recorded before the next begins, and a recorded step never runs again. Each attempt has a number and
a lease; an attempt that was stopped, overtaken or cancelled can record nothing any more. Work that cannot go on without
a person pauses, with its reason, until somebody resumes it.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any, LiteralString, TypeVar
from uuid import UUID

import msgspec
import structlog

from basefly.base.db.changes import Changes
from basefly.base.db.pool import Database
from basefly.base.db.transaction import Json, Tx, sql
from basefly.base.errors import BaseflyError, NotFound, Unavailable
from basefly.base.resilience.ending import end
from basefly.base.runtime.house import process_name
from basefly.base.telemetry import trace

T = TypeVar("T")

TRIES = 5  # failures and deaths without any progress in between, after which an operation is given up
TOPIC = "operations"
HOLDS = "5s"  # that a transaction of an attempt may pause

log = structlog.get_logger(__name__)


class Pace(msgspec.Struct, frozen=True):
    """How long an attempt holds without a sign of life, waits before the second try (doubling), and for work."""

    lease: timedelta = timedelta(seconds=15)
    pause: timedelta = timedelta(seconds=1)
    look: timedelta = timedelta(seconds=5)  # notices make it sooner


class Overtaken(BaseflyError):
    """This attempt holds the operation no longer: its lease ran out, or somebody cancelled it."""

    code, status, title = "overtaken", 409, "The operation goes on elsewhere, or was cancelled"


class Operation(msgspec.Struct, frozen=True):
    """An operation as recorded. `state` is pending, running, paused, done, failed or cancelled.

    `error` says why it paused or failed; `failures` counts those since it last came forward.
    """

    org_id: UUID
    id: UUID
    kind: str
    input: Any
    state: str
    started_by: UUID | None
    attempt: int
    failures: int
    result: Any
    error: str | None


class Pause(msgspec.Struct, frozen=True):
    """What work returns when it cannot go on before somebody resumes it, and why."""

    reason: str


class Running:
    """One attempt at an operation, in the hands of the work that it names."""

    def __init__(self, db: Database, operation: Operation) -> None:
        self._db = db
        self.operation = operation

    async def step(self, name: str, do: Callable[[], Awaitable[T]], *, into: type[T] = object) -> T:  # type: ignore[assignment]  # object takes any T
        """Run `do` unless an earlier attempt has recorded it, and record its result, which must be JSON.

        We may die between the deed and its record: a deed outside the database must bear being done again, or carry
        `key(name)` to whoever does it. Raises Overtaken if the attempt is over.
        """
        async with self.held() as tx:
            recorded = await self._recorded(tx, name)
        if recorded is not None:
            return msgspec.convert(recorded.result, into)
        result = await do()
        async with self.progress() as tx:
            await self._record(tx, name, result)
        return result

    async def write(self, name: str, do: Callable[[Tx], Awaitable[T]], *, into: type[T] = object) -> T:  # type: ignore[assignment]  # object takes any T
        """A step inside the database: its deed and its record are one transaction, so it happens exactly once."""
        async with self.progress() as tx:
            recorded = await self._recorded(tx, name)
            if recorded is not None:
                return msgspec.convert(recorded.result, into)
            result = await do(tx)
            await self._record(tx, name, result)
        return result

    @asynccontextmanager
    async def held(self) -> AsyncIterator[Tx]:
        """A transaction that only this attempt can have, for work that keeps its own record of how far it is.

        Raises Overtaken if the attempt is over.
        """
        async with self._db.transaction(self.operation.org_id) as tx:
            await self._hold(tx)
            yield tx

    @asynccontextmanager
    async def progress(self) -> AsyncIterator[Tx]:
        """The same, for what brings the work nearer to its end: failures count anew from here.

        Who only repeats themselves takes `held`, or they would never be given up.
        """
        async with self.held() as tx:
            yield tx
            if self.operation.failures:
                query = "update operations set failures = 0 where org_id = %s and id = %s"
                await tx.execute(query, [self.operation.org_id, self.operation.id])

    def key(self, name: str) -> str:
        """The idempotency key of a step, the same in every attempt."""
        return f"basefly:{self.operation.id}:{name}"

    async def _hold(self, tx: Tx) -> None:
        """Nobody can overtake this attempt until `tx` has ended; raises Overtaken if somebody has."""
        # A process that is paused while it holds must not keep the next attempt waiting for long.
        held = await tx.value(
            "select set_config('idle_in_transaction_session_timeout', %s, true) from operations"
            " where org_id = %s and id = %s and attempt = %s and state = 'running'"
            " and expires_at > clock_timestamp() for no key update",
            [HOLDS, self.operation.org_id, self.operation.id, self.operation.attempt],
        )
        if not held:
            raise Overtaken(f"Operation {self.operation.id}, attempt {self.operation.attempt}.")

    async def _recorded(self, tx: Tx, name: str) -> _Step | None:
        query = "select result from operation_steps where org_id = %s and operation_id = %s and name = %s"
        return await tx.one(_Step, query, [self.operation.org_id, self.operation.id, name])

    async def _record(self, tx: Tx, name: str, result: Any) -> None:
        await tx.execute(
            "insert into operation_steps (org_id, operation_id, name, attempt, result) values (%s, %s, %s, %s, %s)",
            [self.operation.org_id, self.operation.id, name, self.operation.attempt, Json(result)],
        )


Work = Callable[[Running], Coroutine[Any, Any, Any]]


class _Step(msgspec.Struct):
    result: Any


async def start(tx: Tx, kind: str, given: Any, *, by: UUID | None = None) -> UUID:
    """Order an operation, in the transaction that decides it; its id. `given` is what the work finds as `input`."""
    created = await tx.one(
        UUID,
        "insert into operations (org_id, kind, input, started_by) values (%s, %s, %s, %s) returning id",
        [tx.org_id, kind, Json(given), by],
    )
    if created is None:
        raise Unavailable("The operation could not be recorded.")
    await tx.notify(TOPIC)
    return created


async def get(tx: Tx, operation_id: UUID) -> Operation:
    """An operation of this organization; raises NotFound."""
    found = await tx.one(Operation, f"{_COLUMNS} where org_id = %s and id = %s", [tx.org_id, operation_id])
    if found is None:
        raise NotFound(f"There is no operation {operation_id}.")
    return found


async def resume(tx: Tx, operation_id: UUID) -> bool:
    """Let an operation go on that paused or failed, with all its tries. False if it was done or cancelled.

    An attempt under way is overtaken: whoever resumes knows that it is about to stop, and need not wait for that.
    """
    touched = await tx.execute(
        "update operations set state = 'pending', failures = 0, error = null, finished_at = null,"
        " expires_at = null, available_at = clock_timestamp()"
        " where org_id = %s and id = %s and state in ('pending', 'running', 'paused', 'failed')",
        [tx.org_id, operation_id],
    )
    await tx.notify(TOPIC)
    return touched == 1


async def cancel(tx: Tx, operation_id: UUID) -> bool:
    """Stop an operation: no further step begins. False if it had ended already."""
    touched = await tx.execute(
        "update operations set state = 'cancelled', finished_at = clock_timestamp(), expires_at = null"
        " where org_id = %s and id = %s and state in ('pending', 'running', 'paused')",
        [tx.org_id, operation_id],
    )
    await tx.notify(TOPIC)
    return touched == 1


class Operations:
    """The controller that does the work: takes what is due, from every organization, and sees it through."""

    name = "operations"

    def __init__(
        self,
        db: Database,
        changes: Changes,
        works: Mapping[str, Work],
        *,
        at_once: int = 8,
        pace: Pace = Pace(),  # noqa: B008  # frozen
    ) -> None:
        self._db = db
        self._changes = changes
        self._works = works
        self._pace = pace
        self._free = asyncio.Semaphore(at_once)
        self._me = process_name()

    async def run(self) -> None:
        """Work until cancelled; what is under way then is handed back at once."""
        async with asyncio.TaskGroup() as group, self._changes.subscribe(None, [f"*/{TOPIC}"]) as inbox:
            notices = aiter(inbox)
            while True:
                while await self._take(group):
                    pass
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(self._pace.look.total_seconds()):
                        await anext(notices)

    async def _take(self, group: asyncio.TaskGroup) -> bool:
        """Begin one operation of each organization that has one due; whether there was any."""
        async with self._db.transaction() as tx:
            organizations = await tx.all(UUID, "select id from organizations where deleted_at is null")
        taken = False
        for org_id in organizations:
            await self._free.acquire()
            try:
                async with self._db.transaction(org_id) as tx:
                    claim = self._claim(tx)
                    operation = await tx.one(Operation, _CLAIM, claim)
                    await tx.execute(_BURY, claim)
            except BaseException:
                self._free.release()
                raise
            if operation is None:
                self._free.release()
            else:
                taken = True
                group.create_task(self._attempt(operation), name=f"{operation.kind} {operation.id}")
        return taken

    def _claim(self, tx: Tx) -> dict[str, Any]:
        return {
            "org_id": tx.org_id,
            "kinds": list(self._works),
            "owner": self._me,
            "lease": self._pace.lease,
            "tries": TRIES,
        }

    async def _attempt(self, operation: Operation) -> None:
        """Work on one operation while its lease is kept. Never raises but when the process ends."""
        working = asyncio.create_task(self._worked(operation))
        keeping = asyncio.create_task(self._keep(operation))
        try:
            await asyncio.wait((working, keeping), return_when=asyncio.FIRST_COMPLETED)
            if not working.done():
                log.warning("an operation was overtaken", operation=str(operation.id), kind=operation.kind)
                return
            await self._finish(operation, working)
        except asyncio.CancelledError:
            await self._hand_back(operation)
            raise
        except BaseflyError as error:  # the lease runs out, and somebody takes it up again
            log.warning("an operation's end could not be recorded", operation=str(operation.id), error=str(error))
        finally:
            await end(working, keeping)
            self._free.release()

    async def _worked(self, operation: Operation) -> Any:
        """The work, under the operation's id, which its records and log lines carry, here and in what it asks."""
        with trace.entered(trace.received(request_id=str(operation.id))):
            return await self._works[operation.kind](Running(self._db, operation))

    async def _keep(self, operation: Operation) -> None:
        """Renew the lease; returns when it is lost, or could not be renewed in time."""
        kept_until = asyncio.get_running_loop().time() + self._pace.lease.total_seconds()
        while asyncio.get_running_loop().time() < kept_until:
            await asyncio.sleep(self._pace.lease.total_seconds() / 3)
            try:
                kept = await self._update(
                    operation, "expires_at = clock_timestamp() + %(lease)s", lease=self._pace.lease
                )
            except BaseflyError as error:
                log.warning("a lease could not be renewed", operation=str(operation.id), error=str(error))
                continue
            if not kept:
                return
            kept_until = asyncio.get_running_loop().time() + self._pace.lease.total_seconds()

    async def _finish(self, operation: Operation, working: asyncio.Task[Any]) -> None:
        error = asyncio.CancelledError() if working.cancelled() else working.exception()
        if error is None and isinstance(pause := working.result(), Pause):
            await self._update(
                operation, "state = 'paused', error = %(reason)s, expires_at = null", reason=pause.reason
            )
        elif error is None:
            done = (
                "state = 'done', result = %(result)s, error = null, expires_at = null, finished_at = clock_timestamp()"
            )
            await self._update(operation, done, result=Json(working.result()))
        elif isinstance(error, Overtaken):
            log.warning("an operation was overtaken", operation=str(operation.id), kind=operation.kind)
        else:
            log.error("an operation failed", operation=str(operation.id), kind=operation.kind, exc_info=error)
            told = str(error) if isinstance(error, BaseflyError) else f"{type(error).__name__} in {operation.kind}"
            await self._update(operation, _FAIL, error=told, tries=TRIES, pause=self._pace.pause)

    async def _hand_back(self, operation: Operation) -> None:
        try:
            again = "state = 'pending', available_at = clock_timestamp(), expires_at = null"
            await self._update(operation, again)
        except BaseflyError as error:  # its lease runs out by itself
            log.warning("an operation could not be handed back", operation=str(operation.id), error=str(error))

    async def _update(self, operation: Operation, change: LiteralString, **values: Any) -> bool:
        """Change an operation that this attempt still holds; False if it does not."""
        async with self._db.transaction(operation.org_id) as tx:
            touched = await tx.execute(
                sql.SQL(_UPDATE).format(sql.SQL(change)),
                {"org_id": operation.org_id, "id": operation.id, "attempt": operation.attempt, **values},
            )
            await tx.notify(TOPIC)
        return touched == 1


_COLUMNS = """
select org_id, id, kind, input, state, started_by, attempt, failures, result, error from operations
"""

_UPDATE = """
update operations set {} where org_id = %(org_id)s and id = %(id)s
and attempt = %(attempt)s and state = 'running' and expires_at > clock_timestamp()
"""

# Due: pending and its time has come, or running under a lease that ran out, which counts as a failure of whoever died.
_CLAIM = """
with due as (
    select org_id, id from operations
    where org_id = %(org_id)s and kind = any(%(kinds)s) and (
        (state = 'pending' and available_at <= clock_timestamp())
        or (state = 'running' and expires_at <= clock_timestamp() and failures < %(tries)s))
    order by available_at, created_at limit 1 for update skip locked
)
update operations o
set failures = failures + (state = 'running')::int, state = 'running', owner = %(owner)s, attempt = attempt + 1,
    expires_at = clock_timestamp() + %(lease)s
from due where (o.org_id, o.id) = (due.org_id, due.id)
returning o.org_id, o.id, o.kind, o.input, o.state, o.started_by, o.attempt, o.failures, o.result, o.error
"""

# An operation that ended every process that took it up shall not end the next one.
_BURY = """
update operations
set state = 'failed', error = 'Every process that worked on this died.', expires_at = null, finished_at = now()
where org_id = %(org_id)s and state = 'running' and expires_at <= clock_timestamp() and failures >= %(tries)s
"""

_FAIL = """
failures = failures + 1, error = %(error)s, expires_at = null,
state = case when failures + 1 >= %(tries)s then 'failed' else 'pending' end,
finished_at = case when failures + 1 >= %(tries)s then clock_timestamp() end,
available_at = clock_timestamp() + %(pause)s * 2 ^ failures
"""
