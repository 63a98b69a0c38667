"""What follows when a watch is over, for all that are followed of its server."""

from __future__ import annotations

from contextlib import aclosing

import pytest

from basefly.base.kube.watch import Alive, Following
from basefly.base.resilience.breaker import Breaker
from basefly.base.resilience.bulkhead import Bulkhead
from basefly.base.resilience.policy import Policy
from basefly.base.resilience.retry import Verdict
from basefly.base.resilience.slow_start import Admission, Growth, Window
from tests.base.kube.apiserver import Apiserver, event, pod
from tests.base.kube.watch.following import PODS, pace, stream


@pytest.mark.parametrize("then", ["end", "cut"])
async def test_after_a_watch_that_is_over_one_begins_for_all_of_its_server(then: str) -> None:
    """Of fifty that end together one finds out whether the server still answers."""
    growth = Growth(first=1, most=8)
    own = Window(growth)
    policy = Policy(
        lambda _: Verdict(), breaker=Breaker("a"), bulkhead=Bulkhead("a", 9), admission=Admission(own, Window(growth))
    )
    limits: list[int] = []

    async def sleep(_: float) -> None:
        limits.append(own.limit)

    async with (
        Apiserver.start(stream(event("MODIFIED", pod("a", 101)), then=then)) as server,
        server.client(policy=policy) as client,
        aclosing(Following(client, PODS, since="100", pace=pace(spread=1.0, sleep=sleep)).events()) as events,
    ):
        assert isinstance(await anext(events), Alive)
        assert own.limit == growth.first + 1
        async for told_of in events:
            if isinstance(told_of, Alive):
                break
    assert limits == [growth.first]
    assert own.limit == growth.first + 1
