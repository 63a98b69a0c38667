"""Who asked a moment ago: looked up once, and anew after a second, after any change, and with another credential."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import uuid4

import pytest
from litestar.types import Message

from basefly.base.principal import Principal
from basefly.base.web import Request
from basefly.base.web.boundary import recall
from basefly.base.web.boundary.recall import Recall


class Known:
    """Authentication that counts how often it is asked."""

    def __init__(self) -> None:
        self.asked = 0
        self.meanwhile: Any = lambda: None

    async def authenticate(self, request: Request, *, touch: bool = True) -> Principal | None:
        self.asked += 1
        self.meanwhile()
        if request.headers.get("authorization") is None:
            return None
        request.state["organization"] = "Acme"
        return Principal(user_id=uuid4(), org_id=uuid4(), name="Mia", email="mia@example.com", grants=())


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def known() -> Known:
    return Known()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def recalling(clock: Clock) -> Recall:
    return Recall(clock)


def asking(known: Known, token: str | None = "one", method: str = "GET") -> Request:
    headers = [(b"authorization", f"Bearer {token}".encode())] if token else []
    scope: Any = {"type": "http", "method": method, "path": "/", "query_string": b"", "headers": headers}
    return Request(scope | {"state": {"plugs": known}})


async def test_who_asks_again_is_not_looked_up_again(known: Known, recalling: Recall) -> None:
    first = await recalling.authenticate(asking(known))
    again = asking(known)
    assert await recalling.authenticate(again) is first
    assert again.state.organization == "Acme"
    assert known.asked == 1


async def test_after_a_second_they_are(known: Known, recalling: Recall, clock: Clock) -> None:
    await recalling.authenticate(asking(known))
    clock.now += recall.KEPT
    await recalling.authenticate(asking(known))
    assert known.asked == 2


async def test_another_credential_is_somebody_else(known: Known, recalling: Recall) -> None:
    first = await recalling.authenticate(asking(known))
    assert await recalling.authenticate(asking(known, "two")) != first


async def test_a_stranger_is_looked_up_each_time(known: Known, recalling: Recall) -> None:
    for _ in range(2):
        assert await recalling.authenticate(asking(known, None)) is None
    assert known.asked == 2


async def test_who_changes_something_is_looked_up(known: Known, recalling: Recall) -> None:
    await recalling.authenticate(asking(known))
    await recalling.authenticate(asking(known, method="POST"))
    assert known.asked == 2


async def test_a_change_makes_everyone_unknown_before_its_answer_goes_out(known: Known, recalling: Recall) -> None:
    first = await recalling.authenticate(asking(known))
    seen = []

    async def send(message: Message) -> None:
        seen.append(await recalling.authenticate(asking(known)))

    await recalling.forgetting(send)({"type": "http.response.start", "status": 200, "headers": []})
    assert seen != [first]
    assert known.asked == 2


async def test_what_was_read_before_a_change_is_not_kept_after_it(known: Known, recalling: Recall) -> None:
    known.meanwhile = recalling.forget
    await recalling.authenticate(asking(known))
    await recalling.authenticate(asking(known))
    assert known.asked == 2


async def test_only_so_many_are_known(known: Known, recalling: Recall, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recall, "AT_MOST", 2)
    for token in ("one", "two", "three", "one"):
        await recalling.authenticate(asking(known, token))
    assert known.asked == 4


async def test_many_requests_at_once_are_one_question(recalling: Recall) -> None:
    class Slow(Known):
        async def authenticate(self, request: Request, *, touch: bool = True) -> Principal | None:
            await asyncio.sleep(0.01)
            return await super().authenticate(request, touch=touch)

    slow = Slow()
    requests = [asking(slow) for _ in range(5)]
    assert len({by and by.user_id for by in await asyncio.gather(*map(recalling.authenticate, requests))}) == 1
    assert slow.asked == 1
    assert {request.state.organization for request in requests} == {"Acme"}
