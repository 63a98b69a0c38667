"""Clusters are spread evenly, and a shard more moves only what goes to it."""

from __future__ import annotations

from collections import Counter
from uuid import UUID

import pytest

from bench.shards.ring import moved, shard_of

CLUSTERS = [UUID(int=number) for number in range(3_000)]


def test_every_shard_has_its_part() -> None:
    spread = Counter(shard_of(cluster, ("a", "b", "c")) for cluster in CLUSTERS)
    assert set(spread.values()) <= set(range(900, 1_101))
    assert spread.total() == len(CLUSTERS)


def test_the_order_in_which_shards_are_named_is_of_no_account() -> None:
    assert moved(CLUSTERS, ("a", "b", "c"), ("c", "a", "b")) == 0


def test_what_moves_moves_to_the_shard_that_came() -> None:
    left = [cluster for cluster in CLUSTERS if shard_of(cluster, ("a", "b")) != shard_of(cluster, ("a", "b", "c"))]
    assert {shard_of(cluster, ("a", "b", "c")) for cluster in left} == {"c"}
    assert moved(CLUSTERS, ("a", "b"), ("a", "b", "c")) == pytest.approx(1 / 3, abs=0.04)
