"""Token buckets by whose they are: how many pass, how many remain, when there are more; and never open."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path
from uuid import UUID, uuid4

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from basefly.base.limits import Class, Decision, Exceeded, Limiter, Quota, network
from basefly.base.limits.model import Bucket, Level
from basefly.base.limits.stores import MOST, Lost, Memory
from basefly.base.settings import Settings


class Clock:
    """Time that passes only when a test says so."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def settings(**rates: int) -> Settings:
    return msgspec.structs.replace(Settings(data_dir=Path("/nowhere")), **rates)


def limiter(clock: Clock, **rates: int) -> Limiter:
    return Limiter(settings(**rates), clock=clock)


class TestPerson:
    async def test_has_a_quota_and_it_fills_up_again(self) -> None:
        clock, me, org = Clock(), uuid4(), uuid4()
        ours = limiter(clock, rate_read=60)
        decisions = [await ours.principal("read", me, org) for _ in range(61)]
        assert [each.passed for each in decisions] == [True] * 60 + [False]
        clock.now += 2.0
        assert [(await ours.principal("read", me, org)).passed for _ in range(3)] == [True, True, False]

    async def test_does_not_use_up_a_colleagues_nor_another_class(self) -> None:
        me, other, org = uuid4(), uuid4(), uuid4()
        ours = limiter(Clock(), rate_read=3)
        assert [(await ours.principal("read", me, org)).passed for _ in range(4)] == [True] * 3 + [False]
        assert (await ours.principal("read", other, org)).passed
        assert (await ours.principal("write", me, org)).passed

    async def test_an_organization_has_as_much_as_ten_of_its_people(self) -> None:
        org, ours = uuid4(), limiter(Clock(), rate_read=2)
        passed = [(await ours.principal("read", uuid4(), org)).passed for _ in range(21)]
        assert passed == [True] * 20 + [False]
        assert (await ours.principal("read", uuid4(), uuid4())).passed, "another organization is not touched"

    async def test_a_plan_gives_an_organization_its_own(self) -> None:
        rich = uuid4()

        class Plans:
            async def of(self, org_id: UUID) -> Mapping[Class, Quota]:
                return {"read": Quota(5)} if org_id == rich else {}

        ours, me = limiter(Clock(), rate_read=1), uuid4()
        ours.quotas = Plans()
        assert [(await ours.principal("read", me, rich)).passed for _ in range(6)] == [True] * 5 + [False]
        assert [(await ours.principal("read", me, uuid4())).passed for _ in range(1)] == [True]


class TestAnswer:
    async def test_tells_policies_and_what_remains_as_structured_fields(self) -> None:
        decision = await limiter(Clock(), rate_read=60).principal("read", uuid4(), uuid4())
        assert decision.policy == '"user-read";q=60;w=60, "org-read";q=600;w=60'
        assert decision.standing == '"user-read";r=59;t=1, "org-read";r=599;t=1'

    async def test_a_refusal_names_the_policy_and_when(self) -> None:
        ours, me, org = limiter(Clock(), rate_write=6), uuid4(), uuid4()
        for _ in range(6):
            (await ours.principal("write", me, org)).require()
        decision = await ours.principal("write", me, org)
        with pytest.raises(Exceeded) as caught:
            decision.require()
        assert caught.value.extra["violated-policies"] == ["user-write"]
        assert caught.value.extra["retry_after"] == 10
        assert decision.standing.startswith('"user-write";r=0;t=10')

    @given(st.integers(1, 10_000), st.floats(0, 10_000, allow_nan=False))
    def test_never_sends_back_earlier_than_there_is_more(self, requests: int, tokens: float) -> None:
        bucket = Bucket("user", "k", Quota(requests))
        at = Level(bucket, min(tokens, requests))
        wait = at.wait(at.remaining + 1)
        assert at.tokens + wait * bucket.quota.rate >= min(at.remaining + 1, requests) - 1e-6


class TestNetwork:
    @pytest.mark.parametrize(
        ("address", "expected"),
        [
            ("192.0.2.7", "192.0.2.7"),
            ("::ffff:192.0.2.7", "192.0.2.7"),
            ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
            ("2001:db8:1:2:ffff::1", "2001:db8:1:2::/64"),
            ("", "unknown"),
            ("unix", "unknown"),
        ],
    )
    def test_one_customer_is_one_network(self, address: str, expected: str) -> None:
        assert network(address) == expected

    async def test_signing_in_has_a_quota_that_is_not_multiplied(self) -> None:
        ours = limiter(Clock(), rate_sign_in=3)
        assert [(await ours.network("sign-in", "192.0.2.7")).passed for _ in range(4)] == [True] * 3 + [False]
        assert (await ours.network("sign-in", "192.0.2.8")).passed


class TestMemory:
    async def test_takes_from_all_or_from_none(self) -> None:
        store = Memory(clock=Clock())
        rich, poor = Bucket("rich", "a", Quota(10)), Bucket("poor", "b", Quota(1))
        assert (await store.take([rich, poor], 1)).passed
        refused = await store.take([rich, poor], 1)
        assert not refused.passed
        assert [level.tokens for level in refused.levels] == [9, 0]

    async def test_does_not_grow_without_end(self) -> None:
        store = Memory(clock=Clock())
        for number in range(MOST + 10):
            await store.take([Bucket("x", str(number), Quota(5))], 1)
        assert len(store._buckets) == MOST

    async def test_a_clock_that_goes_back_gives_nothing(self) -> None:
        clock = Clock()
        store, bucket = Memory(clock=clock), Bucket("x", "k", Quota(2))
        assert [(await store.take([bucket], 1)).passed for _ in range(2)] == [True, True]
        clock.now -= 500
        assert not (await store.take([bucket], 1)).passed

    async def test_fifty_at_once_get_exactly_the_quota(self) -> None:
        ours, me, org = limiter(Clock(), rate_read=20), uuid4(), uuid4()
        decisions = await asyncio.gather(*(ours.principal("read", me, org) for _ in range(50)))
        assert sum(each.passed for each in decisions) == 20


class Gone:
    """A store that does not answer."""

    def __init__(self) -> None:
        self.asked = 0

    async def take(self, buckets: object, cost: int) -> Decision:
        self.asked += 1
        raise Lost("ConnectionError")

    async def close(self) -> None:
        """Nothing to close."""


class TestStoreLost:
    async def test_each_hub_limits_by_itself_to_half_and_is_never_open(self) -> None:
        clock, gone, me, org = Clock(), Gone(), uuid4(), uuid4()
        ours = Limiter(settings(rate_read=10, rate_sign_in=10), gone, clock=clock)
        assert [(await ours.principal("read", me, org)).passed for _ in range(6)] == [True] * 5 + [False]
        assert [(await ours.network("sign-in", "192.0.2.7")).passed for _ in range(6)] == [True] * 5 + [False]
        assert gone.asked == 1, "a dead store is not asked for each request"
        clock.now += 6
        await ours.principal("read", me, org)
        assert gone.asked == 2
