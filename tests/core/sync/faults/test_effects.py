"""The fault table, 31 to 47, as far as a row is a fault, some load, its end, and a world that is whole again (I9).

What was told on the way is judged by the validators of watches (I10): nothing missed, invented, repeated or taken back.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import pytest

from basefly.sim.faults import Effect
from tests.core.sync.faults.conftest import World

PODS = {"resource": "pods"}
WATCH = {"resource": "pods", "verb": "watch"}


class Row(NamedTuple):
    """A row of the table: its number, the invariants it names, the effect, and whether it makes the server lie."""

    number: int
    holds: str
    effect: Effect
    narrowed: dict[str, Any]
    lies: bool = False

    @property
    def id(self) -> str:
        return f"{self.number}-{self.holds}-{self.effect} {self.narrowed.get('code', '')}".strip().replace(" ", "_")


TABLE = [
    Row(31, "I9,I10", Effect.GONE, WATCH | {"times": 3}),
    Row(31, "I9,I10", Effect.GONE_AT_ONCE, WATCH | {"times": 3}),
    Row(35, "I9,I10", Effect.DUPLICATE, WATCH),
    Row(36, "I9,I10", Effect.REORDERED, WATCH, lies=True),
    Row(41, "I9,I10", Effect.TRUNCATED, WATCH | {"times": 3}),
    Row(41, "I9,I10", Effect.SPLIT, WATCH | {"times": 3}),
    Row(41, "I9,I10", Effect.PIECES, WATCH),
    Row(42, "I9,I7", Effect.GARBLED, WATCH | {"share": 0.3}, lies=True),
    Row(42, "I9,I7", Effect.NAN, WATCH | {"share": 0.3}, lies=True),
    Row(42, "I9,I7", Effect.DEEP, WATCH | {"share": 0.3, "depth": 100_000}, lies=True),
    Row(42, "I9,I7", Effect.HUGE, WATCH | {"share": 0.1, "size": 1_500_000}),
    Row(42, "I9,I7", Effect.LABELS, WATCH | {"share": 0.1, "size": 50_000}, lies=True),
    Row(43, "I9", Effect.FLIPPED, WATCH | {"share": 0.5}, lies=True),
    Row(44, "I9", Effect.TOO_MANY, PODS | {"times": 2}),
    Row(44, "I9", Effect.ERROR, PODS | {"times": 6, "code": 500}),
    Row(44, "I9", Effect.ERROR, PODS | {"times": 6, "code": 503}),
    Row(44, "I9", Effect.ERROR, PODS | {"times": 6, "code": 504}),
    Row(44, "I9", Effect.RESET, PODS | {"times": 6}),
    Row(45, "I9", Effect.SLOW, PODS | {"seconds": 2.0, "times": 2}),
    Row(45, "I9", Effect.HANG, PODS | {"times": 2}),
    Row(45, "I9", Effect.TRICKLE, WATCH | {"rate": 50.0, "times": 2}),
    Row(45, "I9", Effect.HALF_OPEN, WATCH | {"times": 2}),
]


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row.id)
async def test_row(row: Row, world: World) -> None:
    await world.struck(row.effect, **row.narrowed)
    world.cluster.api.create({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "after"}})
    await _heal(row, world)
    await world.settles(within=20)
    stream = await world.says("pods", "live")
    assert stream.skipped == 0
    if not row.lies:
        assert world.recording.violations() == []


async def _heal(row: Row, world: World) -> None:
    """What was told wrongly but could be read, nobody can doubt: the next event about it is sound."""
    if row.effect in (Effect.LABELS, Effect.FLIPPED):
        for whole in world.cluster.api.list("pods"):
            world.beat(whole["metadata"])
