"""What happens by itself: sessions show that they live, and hear what was decided about their agents."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from uuid import UUID

import structlog

from basefly.base.db.changes import RESET
from basefly.base.resilience.ending import end
from basefly.base.runtime.house import House
from basefly.base.tunnel.words import Refusal
from basefly.core.agents import store
from basefly.core.agents.sessions.attending import news
from basefly.core.agents.ways.held import Session, Sessions, replaced

PERIOD = 15.0  # s

log = structlog.get_logger(__name__)


class AgentsController:
    """Looks after the sessions of this process."""

    name = "agents"

    def __init__(self, house: House) -> None:
        self._house = house
        self._sessions = house.get(Sessions)

    async def run(self) -> None:
        """Until cancelled."""
        beating = asyncio.create_task(self._beat(), name="agents beat")
        try:
            async with self._house.changes.subscribe(None, ["*/clusters/agents/*"]) as inbox:
                async for topics in inbox:
                    await self._hear(topics)
        finally:
            await end(beating)

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(PERIOD)
            try:
                await self.beat()
            except Exception:  # the database may be away for a moment; sessions go on
                log.exception("sessions of agents could not be touched")

    async def beat(self) -> None:
        """Show that our sessions live, and end those that do not count any more."""
        by_org: dict[UUID, dict[UUID, Session]] = defaultdict(dict)
        for session in self._sessions.all:
            by_org[session.org_id][session.agent_id] = session
        for org_id, sessions in by_org.items():
            async with self._house.db.transaction(org_id) as tx:
                counting = await store.touch(tx, {each: session.epoch for each, session in sessions.items()})
            for agent_id in sessions.keys() - set(counting):
                sessions[agent_id].refuse(replaced())

    async def _hear(self, topics: set[str]) -> None:
        if RESET in topics:
            wanted = self._sessions.all
        else:
            ids = {topic.rpartition("/")[2] for topic in topics}
            wanted = [session for session in self._sessions.all if str(session.agent_id) in ids]
        for session in wanted:
            await self._tell(session)

    async def _tell(self, session: Session) -> None:
        """Tell an agent what became of it, if anything did."""
        async with self._house.db.transaction(session.org_id) as tx:
            row = await store.get(tx, session.agent_id)
        if row is None or row.epoch > session.epoch:
            session.refuse(replaced())
            return
        if row.state == session.told:
            return
        session.told = row.state
        word = news(row.state, session, row.cluster)
        if isinstance(word, Refusal):
            session.refuse(word)
        else:
            session.talk.say(word)
