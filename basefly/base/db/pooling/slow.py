"""What took long in the database is told: which statement, for how long, in which request, and by which plan.

No value is: neither one that was passed nor one that stands in a statement or a plan, for any may be secret.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Iterator, Mapping
from typing import Any

import psycopg
import structlog
from psycopg import sql
from psycopg.abc import QueryNoTemplate as Query

from basefly.base.db.transaction import Ran, prepare
from basefly.base.resilience.ending import end
from basefly.base.telemetry.metrics import Counter, Histogram

PLAN_EVERY = 600.0  # seconds between two plans of the same statement
PATIENCE = 5.0  # seconds that a plan may take
MOST_KNOWN = 500  # statements whose last plan is remembered
LONGEST = 4000  # characters of a statement that are told

_COUNTED = Counter("basefly_database_slow_queries", "Statements that took longer than BASEFLY_SLOW_QUERY_MS")
_SECONDS = Histogram("basefly_database_slow_query_seconds", "How long slow statements took")
_EXPLAINED = re.compile(r"\s*(select|with|insert|update|delete)\b", re.IGNORECASE)
_VALUES = re.compile(
    r"[eE]?'(?:[^'\\]|''|\\.)*'"  # text
    r"|\$(?P<tag>\w*)\$.*?\$(?P=tag)\$"  # text in dollars
    r"|(?<![\w\"$.%])-?\d+(?:\.\d+)?(?![\w\"])",  # numbers, but not those in names and placeholders
    re.DOTALL,
)
_CONDITIONS = ("Index Cond", "Recheck Cond", "Hash Cond", "Merge Cond", "Join Filter", "Filter", "Sort Key")

log = structlog.get_logger("basefly.slow")


class Slow:
    """Notes statements that take `threshold` seconds or longer."""

    def __init__(self, conninfo: str, threshold: float) -> None:
        self.threshold = threshold
        self._conninfo = conninfo
        self._planned: dict[str, float] = {}
        self._explaining: asyncio.Task[None] | None = None

    def noted(self, connection: psycopg.AsyncConnection[Any], ran: Ran, seconds: float) -> None:
        """Tell of a statement at once, and of its plan as soon as PostgreSQL has made one, beside everything else."""
        statement = without_values(_text(connection, ran.query))[:LONGEST]
        _COUNTED.inc()
        _SECONDS.observe(seconds)
        log.warning("a statement was slow", statement=statement, milliseconds=round(seconds * 1000))
        if _EXPLAINED.match(statement) and self._due(statement):
            self._explaining = asyncio.create_task(self._explain(ran, statement), name="explain a slow statement")

    async def close(self) -> None:
        """Explain nothing any more."""
        if self._explaining:
            await end(self._explaining)

    def _due(self, statement: str) -> bool:
        """Whether to explain it: one at a time, and each seldom, for a busy database needs no more to do."""
        now = time.monotonic()
        busy = self._explaining is not None and not self._explaining.done()
        if busy or now - self._planned.get(statement, -PLAN_EVERY) < PLAN_EVERY:
            return False
        self._planned.pop(statement, None)
        self._planned[statement] = now
        if len(self._planned) > MOST_KNOWN:
            del self._planned[next(iter(self._planned))]
        return True

    async def _explain(self, ran: Ran, statement: str) -> None:
        """The plan that the statement would have now, as the same role and in the same organization; it is not run."""
        try:
            async with asyncio.timeout(PATIENCE):
                async with await psycopg.AsyncConnection.connect(self._conninfo) as connection:
                    plan = await _plan(connection, ran)
        except (psycopg.Error, TimeoutError) as error:
            log.info("a slow statement could not be explained", statement=statement, why=type(error).__name__)
        else:
            log.warning("how a slow statement is planned", statement=statement, plan=list(drawn(plan)))


async def _plan(connection: psycopg.AsyncConnection[Any], ran: Ran) -> Mapping[str, Any]:
    """EXPLAIN without ANALYZE, in a transaction that can write nothing."""
    prepare(connection)
    await connection.execute("set transaction read only")
    await connection.execute("select set_config('app.org', %s, true)", [str(ran.org_id or "")])
    explain = sql.SQL("explain (format json) ").as_string(connection) + _text(connection, ran.query)
    cursor = await connection.execute(explain.encode(), ran.params)
    row = await cursor.fetchone()
    found: Mapping[str, Any] = row[0][0]["Plan"] if row else {}
    return found


def drawn(plan: Mapping[str, Any], depth: int = 0) -> Iterator[str]:
    """A plan as lines: what each step does to which table by which index, rows and cost as estimated, conditions."""
    where = [str(plan[name]) for name in ("Relation Name", "Index Name") if name in plan]
    on = f" on {' by '.join(where)}" if where else ""
    yield f"{'  ' * depth}{plan['Node Type']}{on} (rows={plan['Plan Rows']} cost={plan['Total Cost']})"
    for name in _CONDITIONS:
        if name in plan:
            told = ", ".join(plan[name]) if isinstance(plan[name], list) else str(plan[name])
            yield f"{'  ' * depth}  {name}: {without_values(told)}"
    for below in plan.get("Plans", ()):
        yield from drawn(below, depth + 1)


def without_values(text: str) -> str:
    """A statement, or a condition of a plan, with a question mark for each value, on one line."""
    return " ".join(_VALUES.sub("?", text).split())


def _text(connection: psycopg.AsyncConnection[Any], query: Query) -> str:
    if isinstance(query, sql.Composable):
        return query.as_string(connection)
    return query.decode() if isinstance(query, bytes) else query
