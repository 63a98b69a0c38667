"""An agent's key is renewed, and whatever dies at whichever step, the agent is never locked out."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from basefly.agent import program
from basefly.agent.keeping import FileKeeping, State
from basefly.agent.program import Agent
from basefly.base.tunnel.talk import Talk
from basefly.base.tunnel.words import Rotated, Rotation, Word
from basefly.core.agents import store
from basefly.sim import Cluster
from tests.core.agents.conftest import Issue, agent, approved, config, eventually, working
from tests.people import Hub, Person


class Killed(BaseException):
    """The process is gone, as after kill -9."""


class Dying(FileKeeping):
    """A file whose process dies at one of its writes, before it or after it."""

    def __init__(self, path: Path, at: int, *, after: bool) -> None:
        super().__init__(path)
        self._at, self._after, self.count = at, after, 0

    async def write(self, state: State) -> None:
        self.count += 1
        if self.count == self._at and not self._after:
            raise Killed
        await super().write(state)
        if self.count == self._at:
            raise Killed


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(program, "TICK", 0.1)
    monkeypatch.setattr("basefly.core.agents.model.PATIENCE", 1000)


async def test_a_key_is_renewed_and_the_old_one_is_of_no_use_once_the_new_was_used(
    attentive: Hub, owner: Person, issue: Issue, cluster: Cluster, tmp_path: Path
) -> None:
    setup = config(attentive.url, await issue(), cluster, tmp_path / "a")
    kept = FileKeeping(Path(setup.state))
    async with working(agent(setup)):
        await approved(owner)
    first = (await kept.read()).current
    async with working(Agent(setup, kept, rotate_after=0)):

        async def renewed() -> bool:
            return (await kept.read()).previous == first

        await eventually(renewed)
    async with working(agent(setup)):
        pass
    async with attentive.house.db.transaction(owner.by.org_id) as tx:
        (row,) = await store.page(tx)
    assert row.public == (await kept.read()).keys[0].public
    assert row.next_public is None
    items = (await owner.http.get("/api/v1/audit", params={"act": "agent.key_rotated"})).json()["items"]
    assert len(items) == 1


@pytest.mark.parametrize("after", [False, True], ids=["before it lies there", "once it lies there"])
@pytest.mark.parametrize("at", [1, 2])
async def test_an_agent_that_dies_while_it_writes_comes_back(
    attentive: Hub, owner: Person, issue: Issue, cluster: Cluster, tmp_path: Path, at: int, after: bool
) -> None:
    setup = config(attentive.url, await issue(), cluster, tmp_path / "a")
    async with working(agent(setup)):
        await approved(owner)
    dying = Agent(setup, Dying(Path(setup.state), at, after=after), rotate_after=0)
    with pytest.raises(Killed):
        await dying.session()
    async with working(agent(setup)):
        pass


@pytest.mark.parametrize("lost", [Rotation, Rotated], ids=["the agent's word", "the hub's answer"])
async def test_words_that_are_lost_lock_nobody_out(
    attentive: Hub, owner: Person, issue: Issue, cluster: Cluster, tmp_path: Path, lost: type[Word],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    setup = config(attentive.url, await issue(), cluster, tmp_path / "a")
    async with working(agent(setup)):
        await approved(owner)
    swallowed = cut_at(monkeypatch, lost)
    with pytest.raises(OSError, match=r"."):
        await Agent(setup, FileKeeping(Path(setup.state)), rotate_after=0).session()
    assert swallowed()
    async with working(agent(setup)):
        pass


async def test_a_hub_whose_database_was_put_back_is_found_again(
    attentive: Hub, owner: Person, issue: Issue, cluster: Cluster, tmp_path: Path
) -> None:
    setup = config(attentive.url, await issue(), cluster, tmp_path / "a")
    kept = FileKeeping(Path(setup.state))
    async with working(agent(setup)):
        await approved(owner)
    old = (await kept.read()).keys[0].public
    async with working(Agent(setup, kept, rotate_after=0)):

        async def renewed() -> bool:
            return bool((await kept.read()).previous)

        await eventually(renewed)
    async with attentive.house.db.transaction(owner.by.org_id) as tx:
        await tx.execute("update agents set public = %s, next_public = null where org_id = %s", [old, owner.by.org_id])
    async with working(agent(setup)):
        pass


def cut_at(monkeypatch: pytest.MonkeyPatch, lost: type[Word]) -> Callable[[], bool]:
    """The next word of this kind is not said, and its tunnel is cut; whether that has happened."""
    say, gone = Talk.say, asyncio.Event()

    def instead(self: Talk, word: Word) -> None:
        if isinstance(word, lost) and not gone.is_set():
            gone.set()
            self.tunnel.close("cut")
        else:
            say(self, word)

    monkeypatch.setattr(Talk, "say", instead)
    return gone.is_set
