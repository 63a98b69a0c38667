"""The sessions of this process, and the ways through them, and through those of other processes, to the clusters."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable
from contextlib import suppress
from uuid import UUID

from basefly.base.http import NoWay
from basefly.base.runtime.house import House
from basefly.base.telemetry.metrics import Gauge
from basefly.base.tunnel.talk import Talk
from basefly.base.tunnel.tunnel import Ends, Stream
from basefly.base.tunnel.words import Refusal
from basefly.core.agents import store
from basefly.core.agents.model import Place
from basefly.core.agents.ways.peers import Peers

_SESSIONS = Gauge("basefly_agent_sessions", "Agents whose session this process holds")

LEAVING = 5.0  # s that sessions get to be put on record as ended, when the process ends

Find = Callable[[], Awaitable[Place | None]]


class Session:
    """One agent's session in this process."""

    def __init__(self, org_id: UUID, agent_id: UUID, epoch: int, talk: Talk, told: str) -> None:
        self.org_id, self.agent_id, self.epoch, self.talk = org_id, agent_id, epoch, talk
        self.told = told  # the state that the agent knows of itself
        self.refusal: Refusal | None = None  # why we ended it

    def refuse(self, refusal: Refusal) -> None:
        """End it, and tell the agent why."""
        self.refusal = refusal
        self.talk.say(refusal)
        self.talk.tunnel.close(refusal.detail)


class Sessions:
    """Which agents are connected to this process; in the house. It is how clusters that have an agent are reached."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._held: dict[UUID, Session] = {}
        self._empty = asyncio.Event()
        self._empty.set()
        self._ends = Ends()
        self.peers = Peers(house, self.relayed)

    @property
    def all(self) -> list[Session]:
        """Those of this process."""
        return list(self._held.values())

    def get(self, agent_id: UUID) -> Session | None:
        """An agent's session here."""
        return self._held.get(agent_id)

    def put(self, session: Session) -> None:
        """A new session counts; an older one of the same agent is over."""
        if older := self._held.get(session.agent_id):
            older.refuse(replaced())
        self._held[session.agent_id] = session
        self._count()

    def remove(self, session: Session) -> None:
        """A session is over."""
        if self._held.get(session.agent_id) is session:
            del self._held[session.agent_id]
            self._count()

    def _count(self) -> None:
        _SESSIONS.set(len(self._held))
        if self._held:
            self._empty.clear()
        else:
            self._empty.set()

    def dialer(self, org_id: UUID, cluster_id: UUID) -> AgentDialer:
        """The way to a cluster whose agent was approved."""

        async def find() -> Place | None:
            async with self._house.db.transaction(org_id) as tx:
                return await store.get_place(tx, cluster_id)

        return AgentDialer(self, org_id, find)

    def dialer_of(self, org_id: UUID, agent_id: UUID) -> AgentDialer:
        """The way to the cluster of an agent that may still wait."""

        async def find() -> Place | None:
            async with self._house.db.transaction(org_id) as tx:
                return await store.get_place_of(tx, agent_id)

        return AgentDialer(self, org_id, find)

    async def socket(self, org_id: UUID, find: Find) -> socket.socket:
        """A socket that leads to an agent's API server. Raises OSError."""
        place = await find()
        if place is None or not place.connected:
            raise NoWay("the cluster's agent is not connected to the hub")
        session = self._held.get(place.id)
        if session is not None and session.org_id == org_id:
            stream = await session.talk.tunnel.open()
        elif place.holder == self.peers.here:
            raise NoWay("the cluster's agent has just left the hub")
        else:
            stream = await self.peers.open(org_id, place.holder, place.id)
        return await self._ends.socket(stream)

    async def relayed(self, org_id: UUID, agent_id: UUID) -> Stream:
        """A stream for another process of the hub. Raises OSError."""
        session = self._held.get(agent_id)
        if session is None or session.org_id != org_id:
            raise NoWay("the cluster's agent is not connected to this process of the hub")
        return await session.talk.tunnel.open()

    async def close(self) -> None:
        """End every session: the agents come back to another process, or to us, a little spread."""
        for session in self.all:
            session.refuse(Refusal(code="ending", detail="This process of the hub ends.", retry_after=1.0))
        with suppress(TimeoutError):
            async with asyncio.timeout(LEAVING):
                await self._empty.wait()
        await self._ends.close()
        await self.peers.close()


class AgentDialer:
    """Dials one cluster through its agent, wherever its session is by then."""

    def __init__(self, sessions: Sessions, org_id: UUID, find: Find) -> None:
        self._sessions, self._org_id, self._find = sessions, org_id, find

    async def dial(self) -> socket.socket:
        """A connected socket. Raises OSError."""
        return await self._sessions.socket(self._org_id, self._find)


def replaced() -> Refusal:
    """What an older session is told."""
    return Refusal(
        code="replaced",
        detail="A newer session of this agent is connected.",
        cure="If nobody moved it, two programs use the same key: delete one, and its secret.",
        retry_after=60.0,
    )
