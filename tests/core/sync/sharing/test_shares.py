"""Whoever comes or goes moves only their share, everybody comes to the same answer, and the shares are even."""

from __future__ import annotations

from collections import Counter
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from basefly.core.sync.sharing.shares import Sharer, candidates, owner

CLUSTERS = [UUID(int=number * 7_919) for number in range(2_000)]
names = st.lists(st.text(min_size=1, max_size=20), min_size=1, max_size=12, unique=True)


def owners(sharers: list[Sharer], region: str = "") -> dict[UUID, str | None]:
    return {cluster: owner(cluster, region, sharers) for cluster in CLUSTERS[:300]}


@given(names, st.text(min_size=1, max_size=20))
def test_who_joins_takes_only_what_becomes_its_own(members: list[str], new: str) -> None:
    before = owners([Sharer(name) for name in members if name != new] or [Sharer("somebody")])
    after = owners([*(Sharer(name) for name in members if name != new), Sharer(new)])
    assert all(after[cluster] in (before[cluster], new) for cluster in before)


@given(names, st.data())
def test_who_leaves_moves_only_what_was_its_own(members: list[str], data: st.DataObject) -> None:
    gone = data.draw(st.sampled_from(members))
    before = owners([Sharer(name) for name in members])
    after = owners([Sharer(name) for name in members if name != gone])
    assert all(after[cluster] == before[cluster] for cluster in before if before[cluster] != gone)
    assert gone not in after.values()


@given(names)
def test_everybody_comes_to_the_same_answer_in_whatever_order_they_see_the_others(members: list[str]) -> None:
    sharers = [Sharer(name) for name in members]
    assert owners(sharers) == owners(sharers[::-1])


def test_the_shares_are_even() -> None:
    sharers = [Sharer(f"hub-{number}/1/abc") for number in range(8)]
    counts = Counter(owner(cluster, "", sharers) for cluster in CLUSTERS)
    mean = len(CLUSTERS) / len(sharers)
    assert len(counts) == len(sharers)
    assert max(abs(count - mean) for count in counts.values()) < 5 * mean**0.5  # of a binomial spread


class TestRegions:
    anywhere, europe, both = Sharer("any"), Sharer("eu", ("eu",)), Sharer("both", ("eu", "us"))

    def test_clusters_of_a_region_are_followed_by_who_is_pinned_to_it(self) -> None:
        sharers = [self.anywhere, self.europe]
        assert candidates("eu", sharers) == [self.europe]
        assert candidates("us", sharers) == [self.anywhere]
        assert candidates("us", [*sharers, self.both]) == [self.both]

    def test_when_the_last_pinned_one_goes_the_others_take_over(self) -> None:
        assert candidates("eu", [self.anywhere]) == [self.anywhere]

    def test_a_region_that_nobody_may_follow_has_no_owner(self) -> None:
        assert owner(CLUSTERS[0], "ap", [self.europe]) is None
        assert owner(CLUSTERS[0], "ap", []) is None

    def test_a_cluster_that_does_not_say_where_it_is_goes_to_who_follows_any_and_else_to_everybody(self) -> None:
        assert candidates("", [self.anywhere, self.europe]) == [self.anywhere]
        assert candidates("", [self.europe, self.both]) == [self.europe, self.both]
