"""Who comes when more is asked than can be answered is turned away, and told when to come again."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any, cast

import pytest

from basefly.base.telemetry.lag import Lag
from basefly.base.web.boundary.overload import AGAIN, BEARABLE, EVERY, LITTLE, LOOKS, MOST, Door
from tests.base.resilience.clock import Clock
from tests.people import Hub, Person

PAGE = {"Accept": "text/html"}


@pytest.fixture
def busy(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> Door:
    """The door of a hub that turns everybody away whom it may."""
    door = hub.house.get(Door)
    monkeypatch.setattr(Door, "_look", lambda _: None)
    door.share = 1.0
    return door


class TestWho:
    async def test_comes_is_told_when_to_come_again(self, owner: Person, busy: Door) -> None:
        answer = await owner.http.get("/api/v1/me")
        assert answer.status_code == 503
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.headers["x-request-id"]
        problem = answer.json()
        assert problem["code"] == "too_busy"
        assert AGAIN[0] <= problem["retry_after"] <= AGAIN[1]
        assert answer.headers["retry-after"] == str(problem["retry_after"])
        assert problem["cure"] == f"Try again in {problem['retry_after']} s."

    async def test_comes_with_a_browser_gets_a_page(self, owner: Person, busy: Door) -> None:
        answer = await owner.http.get("/settings", headers=PAGE)
        assert answer.status_code == 503
        assert "More is asked of the hub just now than it can answer." in answer.text
        assert answer.headers["retry-after"]

    async def test_wanted_to_change_something_leaves_no_record(self, owner: Person, busy: Door) -> None:
        assert (await owner.http.post("/api/v1/tokens", json={"name": "a"})).status_code == 503
        busy.share = 0.0
        assert (await owner.http.get("/api/v1/audit", params={"act": "request"})).json()["items"] == []

    async def test_is_not_signed_in_is_let_in(self, hub: Hub, busy: Door) -> None:
        async with hub.browser() as http:
            assert (await http.get("/health/live")).status_code == 200
            assert (await http.get("/health/ready")).status_code == 200
            assert (await http.get("/metrics")).status_code == 401
            assert (await http.get("/api/v1/me")).status_code == 401
            wrong = {"email": "nobody@example.com", "password": "wrong"}
            assert (await http.post("/api/v1/sign-in", json=wrong)).status_code != 503


class TestShare:
    def door(self) -> tuple[Door, SimpleNamespace, SimpleNamespace, Clock]:
        lag, db, clock = SimpleNamespace(standing=0.0), SimpleNamespace(longest_wait=0.0), Clock()
        return Door(cast("Any", lag), cast("Any", db), clock), lag, db, clock

    def looked(self, door: Door, clock: Clock, times: int = 1) -> float:
        for _ in range(times):
            clock.go(EVERY)
            door._look()
        return door.share

    def test_is_none_while_the_wait_is_bearable(self) -> None:
        door, lag, db, clock = self.door()
        lag.standing = db.longest_wait = BEARABLE
        door._waited = BEARABLE
        assert self.looked(door, clock, 100) == 0.0

    @pytest.mark.parametrize("what", ["loop", "connection"])
    def test_grows_while_it_is_not_and_some_always_get_in(self, what: str) -> None:
        door, lag, db, clock = self.door()
        if what == "loop":
            lag.standing = 2 * BEARABLE
        else:
            db.longest_wait = 2 * BEARABLE
        first = self.looked(door, clock)
        assert 0.0 < first < self.looked(door, clock)
        assert self.looked(door, clock, 100) == MOST

    def test_shrinks_as_soon_as_the_wait_does(self) -> None:
        door, lag, _, clock = self.door()
        lag.standing = 3 * BEARABLE
        most = self.looked(door, clock, 100)
        lag.standing = 2 * BEARABLE
        assert self.looked(door, clock) < most
        lag.standing = 0.0
        assert self.looked(door, clock, 20) == 0.0

    def test_is_forgotten_once_nobody_has_come_for_a_while(self) -> None:
        door, lag, _, clock = self.door()
        lag.standing = 3 * BEARABLE
        self.looked(door, clock, 100)
        lag.standing = 0.0
        clock.go(LOOKS * EVERY)
        door._look()
        assert door.share == 0.0

    def test_is_of_no_one_after_a_burst(self) -> None:
        door, lag, _, clock = self.door()
        lag.standing = 0.9 * BEARABLE
        assert 0.0 < self.looked(door, clock) < LITTLE
        assert any(door._turns_away() for _ in range(200))
        lag.standing = 0.4 * BEARABLE
        door.share = LITTLE - 0.01
        door._waited = lag.standing
        assert not any(door._turns_away() for _ in range(200))

    def test_is_looked_at_no_oftener_than_told(self) -> None:
        door, lag, _, clock = self.door()
        lag.standing = 3 * BEARABLE
        clock.go(EVERY / 2)
        door._look()
        assert door.share == 0.0


async def test_the_wait_for_a_connection_is_known_while_it_lasts(hub: Hub) -> None:
    db = hub.house.db
    assert db.longest_wait == 0.0
    taken, release = asyncio.Semaphore(0), asyncio.Event()

    async def hold() -> None:
        async with db.transaction():
            taken.release()
            await release.wait()

    holding = [asyncio.create_task(hold()) for _ in range(db.load["pool_max"])]
    for _ in holding:
        await taken.acquire()
    waiting = [asyncio.create_task(hold()) for _ in range(2)]
    while db.longest_wait < 0.2:
        await asyncio.sleep(0.02)
    release.set()
    await asyncio.gather(*holding, *waiting)
    assert db.longest_wait == 0.0


def test_the_door_of_a_hub_hears_of_its_loop(hub: Hub) -> None:
    assert hub.house.get(Door)._lag is hub.house.get(Lag)
