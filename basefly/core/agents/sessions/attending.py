"""One agent's stay: admitted, shaken hands with, listened to until it leaves."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import structlog

from basefly.base.errors import BaseflyError
from basefly.base.runtime.house import House
from basefly.base.telemetry.metrics import Counter
from basefly.base.tunnel.frames import Broken
from basefly.base.tunnel.identity import NEXT, fingerprint, signed
from basefly.base.tunnel.talk import SentAway, Talk, talking
from basefly.base.tunnel.websocket import Asked
from basefly.base.tunnel.words import SUBPROTOCOL, Access, Code, Refusal, Rotated, Rotation, Welcome
from basefly.core.agents import actions, keys, store
from basefly.core.agents.sessions.handshake import LetIn, NotLetIn, shake
from basefly.core.agents.ways.held import Session, Sessions
from basefly.core.audit.actions import record

AT_ONCE = 8  # handshakes: each is a few small transactions, and people wait for the database too
QUEUE = 256  # agents that may wait for theirs; others come again a little later
PATIENCE = 20.0  # s that they wait, before they are told to come again; they give up themselves a little later

_TURNED_AWAY = Counter("basefly_agent_refusals", "Agents that were not let in", ["code"])
log = structlog.get_logger(__name__)


class Attending:
    """Attends to whoever asks at the agents' address."""

    def __init__(self, house: House, sessions: Sessions) -> None:
        self._house, self._sessions = house, sessions
        self._gate, self._waiting = asyncio.Semaphore(AT_ONCE), 0
        self._approving: set[asyncio.Task[None]] = set()

    async def attend(self, asked: Asked) -> None:
        """An agent, from its first word to its last."""
        if self._house.shutdown.begun:
            asked.refuse(503, "This process of the hub ends.", retry_after=1)
            return
        if self._waiting >= QUEUE:
            _TURNED_AWAY.labels("queue").inc()
            asked.refuse(429, "Too many agents come at once.", retry_after=random.uniform(1, 5))  # noqa: S311  # jitter
            return
        socket = asked.agree([SUBPROTOCOL])
        if socket is None:
            return
        async with talking(socket, first=False) as talk:
            try:
                async with self._turn():
                    came = await shake(self._house, talk, self._sessions.peers.here, asked.address)
                await self._stay(talk, came)
            except NotLetIn as refused:
                _TURNED_AWAY.labels(refused.refusal.code).inc()
                talk.say(refused.refusal)
            except (OSError, TimeoutError, Broken, SentAway) as error:
                log.info("an agent left before it was let in", address=asked.address, why=str(error))

    @asynccontextmanager
    async def _turn(self) -> AsyncIterator[None]:
        self._waiting += 1
        try:
            async with asyncio.timeout(PATIENCE):
                await self._gate.acquire()
        except TimeoutError:
            pause = random.uniform(1, 5)  # noqa: S311  # jitter
            raise NotLetIn("busy", "Too many agents come at once (429).", pause) from None
        finally:
            self._waiting -= 1
        try:
            yield
        finally:
            self._gate.release()

    async def _stay(self, talk: Talk, came: LetIn) -> None:
        """Listen until the session is over, and keep why."""
        session = Session(came.org_id, came.agent.id, came.epoch, talk, came.agent.state)
        self._sessions.put(session)
        why = "the hub's process ended"
        try:
            while True:
                word: Access | Rotation = await talk.hear(Access, Rotation, within=None)
                async with self._gate:  # the database is not theirs alone
                    await self._deal(session, came, word)
        except (OSError, TimeoutError, Broken, SentAway) as error:
            why = session.refusal.detail if session.refusal else str(error) or type(error).__name__
        finally:
            async with self._gate:
                await self._left(session, why)
            self._sessions.remove(session)

    async def _left(self, session: Session, why: str) -> None:
        async with self._house.db.transaction(session.org_id) as tx:
            if await store.end_session(tx, session.agent_id, session.epoch, why):
                await tx.notify(f"clusters/agents/{session.agent_id}")
            if session.refusal and session.refusal.code == "replaced":
                await record(tx, None, "agent.replaced", f"agents/{session.agent_id}", {"epoch": session.epoch})

    async def _deal(self, session: Session, came: LetIn, word: Access | Rotation) -> None:
        if isinstance(word, Rotation):
            await self._rotate(session, came, word)
        elif wrong := keys.proper(word):
            raise Broken(wrong)
        else:
            await self._keep(session, word)

    async def _keep(self, session: Session, access: Access) -> None:
        """Keep how the agent's cluster is spoken to."""
        async with self._house.db.transaction(session.org_id) as tx:
            row = await store.get(tx, session.agent_id, lock=True)
            if row is None or row.state not in ("pending", "approved"):
                return
            if row.cluster_id is None:
                await keys.keep_pending(self._house, tx, session.agent_id, access)
            elif await keys.renew(self._house, tx, row.cluster_id, access):
                told = {"agent": str(row.id)}
                await record(tx, None, "cluster.credentials_rotated", f"clusters/{row.cluster_id}", told)
            token = await store.get_token(tx, row.token_id)
            await tx.notify(f"clusters/agents/{session.agent_id}")
        if row.state == "pending" and token is not None and not token.approval:
            task = asyncio.create_task(self._approve(session), name="approve an agent")
            self._approving.add(task)
            task.add_done_callback(self._approving.discard)

    async def _approve(self, session: Session) -> None:
        """The agent's token asks for no approval: connect its cluster; if it cannot be, a person may."""
        try:
            await actions.approve_for(self._house, session.org_id, session.agent_id)
        except BaseflyError as error:
            log.warning("an agent's cluster could not be connected", agent=str(session.agent_id), why=error.detail)
            async with self._house.db.transaction(session.org_id) as tx:
                told = {"why": error.detail}
                await record(tx, None, "agent.approved", f"agents/{session.agent_id}", told, outcome="failed")

    async def _rotate(self, session: Session, came: LetIn, word: Rotation) -> None:
        """Take the agent's next key, too; the present one is good until the next was used."""
        if not signed(word.public, NEXT, came.nonce, word.signature):
            raise Broken("a next key that nobody has")
        async with self._house.db.transaction(session.org_id) as tx:
            row = await store.get(tx, session.agent_id, lock=True)
            if row is None or row.state not in ("pending", "approved"):
                return
            if word.public not in (row.public, row.next_public):
                await store.update_next_key(tx, session.agent_id, word.public)
                told = {"fingerprint": fingerprint(word.public)}
                await record(tx, None, "agent.key_offered", f"agents/{session.agent_id}", told)
        session.talk.say(Rotated(public=word.public))


def news(state: str, session: Session, cluster: str) -> Welcome | Refusal:
    """What an agent is told when somebody has decided about it."""
    if state in ("pending", "approved"):
        return Welcome(agent=session.agent_id, approved=state == "approved", epoch=session.epoch, cluster=cluster)
    code: Code = "refused" if state == "refused" else "revoked"
    return Refusal(code=code, detail=f"This agent was {code} by a person.", retry_after=3600.0)
