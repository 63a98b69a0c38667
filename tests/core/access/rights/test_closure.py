"""No one grants more than they hold: the rule bare, and under random edits."""

from __future__ import annotations

import os
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from random import Random
from uuid import uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from basefly.base.principal import Grant
from basefly.core.access.rights import closure
from basefly.core.access.rights.closure import lacks, within
from bench.grants.edits import Choose, Exceeded, run
from bench.grants.world import Check

ONE, TWO = uuid4(), uuid4()
NOW = datetime(2030, 1, 1, tzinfo=UTC)
READ, WRITE = frozenset({"a:read"}), frozenset({"a:read", "a:write"})
SEQUENCES = int(os.environ.get("BASEFLY_GRANT_SEQUENCES", "300"))
STEPS = 30


class TestWithin:
    def test_what_is_missing_is_named(self) -> None:
        assert lacks(Grant(WRITE), [Grant(READ)]) == ["a:write"]
        assert lacks(Grant(WRITE), []) == ["a:read", "a:write"]
        assert lacks(Grant(WRITE), [Grant(WRITE)]) == []

    @pytest.mark.parametrize(
        ("grant", "holding", "fits"),
        [
            (Grant(READ, frozenset({ONE})), Grant(READ), True),
            (Grant(READ), Grant(READ, frozenset({ONE})), False),
            (Grant(READ, frozenset({ONE, TWO})), Grant(READ, frozenset({ONE})), False),
            (Grant(READ, namespaces=frozenset({"a"})), Grant(READ), True),
            (Grant(READ), Grant(READ, namespaces=frozenset({"a"})), False),
            (
                Grant(READ, frozenset({ONE}), frozenset({"a"})),
                Grant(READ, frozenset({ONE}), frozenset({"a", "b"})),
                True,
            ),
            (Grant(READ, frozenset({ONE}), rule="labels:x"), Grant(READ, frozenset({ONE})), False),
            (Grant(READ, frozenset(), rule="labels:x"), Grant(READ, frozenset({ONE})), False),
            (Grant(READ, frozenset({ONE}), rule="labels:x"), Grant(READ, frozenset({ONE}), rule="labels:x"), True),
            (Grant(READ, frozenset({ONE}), rule="labels:x"), Grant(READ, frozenset({ONE}), rule="labels:y"), False),
            (Grant(READ, frozenset({ONE}), rule="labels:x"), Grant(READ), True),
            (Grant(READ, frozenset({ONE})), Grant(READ, frozenset({ONE}), rule="labels:x"), True),
            (Grant(READ), Grant(READ, ends_at=NOW), False),
            (Grant(READ, ends_at=NOW), Grant(READ, ends_at=NOW), True),
            (Grant(READ, ends_at=NOW + timedelta(seconds=1)), Grant(READ, ends_at=NOW), False),
        ],
    )
    def test_over_the_place_and_for_as_long(self, grant: Grant, holding: Grant, fits: bool) -> None:
        assert within(grant, [holding]) is fits

    def test_several_grants_together(self) -> None:
        holdings = [Grant(READ, frozenset({ONE})), Grant(READ, frozenset({TWO}), frozenset({"a"})), Grant(READ)]
        assert within(Grant(READ, frozenset({ONE, TWO})), holdings[:2]) is False
        assert within(Grant(READ, frozenset({ONE, TWO}), frozenset({"a"})), holdings[:2]) is True

    def test_to_take_away_the_end_does_not_matter(self) -> None:
        assert within(Grant(READ), [Grant(READ, ends_at=NOW)], lasting=False)


class TestRandomEdits:
    """`python -m bench grants` runs 100,000 of them; BASEFLY_GRANT_SEQUENCES sets how many run here."""

    def test_nobody_exceeds_the_one_who_granted(self) -> None:
        granted = 0
        for seed in range(SEQUENCES):
            granted += run(chance(seed), STEPS)["grant"]
        assert granted > SEQUENCES, "sequences that grant nothing prove nothing"

    @settings(max_examples=50)
    @given(st.data())
    def test_nor_does_a_search_find_how(self, data: st.DataObject) -> None:
        run(lambda below: data.draw(st.integers(0, below - 1)), 15)

    @pytest.mark.parametrize("flaw", ["everything", "for longer", "any rule", "permissions alone", "clusters alone"])
    def test_a_flaw_in_the_rule_is_found(self, flaw: str) -> None:
        with pytest.raises(Exceeded):
            sequences(3000, FLAWS[flaw])


def sequences(count: int, rule: Check) -> None:
    for seed in range(count):
        run(chance(seed), STEPS, rule)


def chance(seed: int) -> Choose:
    return Random(seed).randrange  # noqa: S311  # a seed finds a sequence again


def _longer(grant: Grant, held: Iterable[Grant], _lasting: bool) -> bool:
    return closure.within(grant, held, lasting=False)


def _any_rule(grant: Grant, held: Iterable[Grant], lasting: bool) -> bool:
    plain = Grant(grant.permissions, grant.clusters, grant.namespaces, ends_at=grant.ends_at)
    return closure.within(plain, held, lasting=lasting)


def _permissions(grant: Grant, held: Iterable[Grant], _lasting: bool) -> bool:
    return grant.permissions <= {each for holding in held for each in holding.permissions}


def _clusters(grant: Grant, held: Iterable[Grant], lasting: bool) -> bool:
    anywhere = [Grant(each.permissions, each.clusters, None, rule=each.rule, ends_at=each.ends_at) for each in held]
    return closure.within(grant, anywhere, lasting=lasting)


FLAWS: dict[str, Check] = {
    "everything": lambda _grant, _held, _lasting: True,
    "for longer": _longer,
    "any rule": _any_rule,
    "permissions alone": _permissions,
    "clusters alone": _clusters,
}
