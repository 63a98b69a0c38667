"""Between processes of one hub: whoever needs a cluster gets a stream from the process that its agent is connected to.

They prove themselves by the key that the hub has for an organization's agents, which only its processes can open. What
goes through is TLS between the asking process and the cluster, so that the one in between learns nothing.
"""

from __future__ import annotations

import asyncio
import os
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from urllib.parse import urlsplit
from uuid import UUID

import structlog

from basefly import __version__
from basefly.base.http import NoWay, dial
from basefly.base.resilience.deadlines import Deadlines
from basefly.base.resilience.ending import end
from basefly.base.runtime.house import House
from basefly.base.tunnel import websocket
from basefly.base.tunnel.frames import Broken
from basefly.base.tunnel.identity import HUB, NONCE, PEER, signed
from basefly.base.tunnel.talk import HANDSHAKE, SentAway, Talk, talking
from basefly.base.tunnel.tunnel import Stream, join
from basefly.base.tunnel.websocket import Asked, Refused
from basefly.base.tunnel.words import (
    PEER_PATH,
    PROTOCOLS,
    SUBPROTOCOL,
    Challenge,
    Greeting,
    Hello,
    Refusal,
    Welcome,
)
from basefly.core.agents import keys

DEAD = 15.0  # s without a word from a process in the same network

Relayed = Callable[[UUID, UUID], Awaitable[Stream]]
log = structlog.get_logger(__name__)


@dataclass
class Link:
    """A tunnel to another process, for one organization."""

    task: asyncio.Task[None]
    ready: asyncio.Future[Talk]


class Peers:
    """The links to other processes; each is made when first wanted. `relayed` opens a stream of a session held here."""

    def __init__(self, house: House, relayed: Relayed) -> None:
        self._house, self._relayed = house, relayed
        self._links: dict[tuple[str, UUID], Link] = {}
        # Agents dial in to the web alone: a process without it holds none, though it may have the same address.
        self.here = house.settings.peer_at if "web" in house.settings.role else ""

    async def open(self, org_id: UUID, holder: str, agent_id: UUID) -> Stream:
        """A stream to an agent whose session another process holds. Raises OSError."""
        link = self._links.get((holder, org_id))
        if link is None or link.task.done():
            link = self._linked(holder, org_id)
        try:
            async with asyncio.timeout(HANDSHAKE):
                talk = await asyncio.shield(link.ready)
        except TimeoutError as error:
            raise NoWay(f"the hub's process at {holder} does not answer") from error
        return await talk.tunnel.open(agent_id.bytes)

    async def attend(self, asked: Asked) -> None:
        """Another process asks for a link; it may open streams once it has proved itself."""
        socket = asked.agree([SUBPROTOCOL])
        if socket is None:
            return
        proven: list[UUID] = []

        async def accept(stream: Stream) -> None:
            if not proven:
                stream.reset("nobody has said who they are")
                return
            try:
                other = await self._relayed(proven[0], UUID(bytes=stream.payload))
            except (OSError, ValueError) as error:
                stream.reset(str(error))
                return
            await join(stream, other)

        async with talking(socket, first=False, accept=accept, dead=DEAD) as talk:
            try:
                proven.append(await self._proven(talk))
                await talk.running
            except (OSError, TimeoutError, Broken, SentAway) as error:
                log.info("a peer left", why=str(error))

    async def close(self) -> None:
        """Let go of every link."""
        await end(*(link.task for link in self._links.values()))

    async def _proven(self, talk: Talk) -> UUID:
        """The organization that the other side has proved to serve."""
        greeting = await talk.hear(Greeting)
        key, nonce = await keys.prove(self._house, talk, greeting)
        hello = await talk.hear(Hello)
        if key is None or hello.public != key.public or not signed(key.public, PEER, nonce, hello.signature):
            talk.say(Refusal(code="unknown", detail="This is no process of this hub."))
            raise Broken("a stranger asked to be a peer")
        talk.say(Welcome(agent=UUID(int=0), approved=True, epoch=0))
        return greeting.organization

    def _linked(self, holder: str, org_id: UUID) -> Link:
        ready: asyncio.Future[Talk] = asyncio.get_running_loop().create_future()
        task = asyncio.create_task(self._hold(holder, org_id, ready), name="peer link")
        link = self._links[holder, org_id] = Link(task, ready)
        return link

    async def _hold(self, holder: str, org_id: UUID, ready: asyncio.Future[Talk]) -> None:
        try:
            socket = await _called(holder)
            async with talking(socket, first=True, dead=DEAD) as talk:
                await self._prove(talk, org_id)
                ready.set_result(talk)
                await talk.running
        except (OSError, TimeoutError, Broken, Refused, SentAway) as error:
            log.info("a link to another process ended", holder=holder, why=str(error))
            if not ready.done():
                ready.set_exception(NoWay(f"the hub's process at {holder} does not answer: {error}"))
                ready.exception()  # seen, though nobody may wait for it any more

    async def _prove(self, talk: Talk, org_id: UUID) -> None:
        key = await keys.hub_key(self._house, org_id)
        if key is None:
            raise Broken("the organization has no agents")
        nonce = os.urandom(NONCE)
        talk.say(Greeting(organization=org_id, nonce=nonce, version=__version__, protocols=list(PROTOCOLS)))
        challenge = await talk.hear(Challenge)
        if not signed(key.public, HUB, nonce, challenge.signature):
            raise Broken("what answers there is no process of this hub")
        talk.say(Hello(public=key.public, signature=key.sign(PEER, challenge.nonce)))
        await talk.hear(Welcome)


async def _called(holder: str) -> websocket.Socket:
    parts = urlsplit(holder)
    secure = parts.scheme == "https"
    tls = ssl.create_default_context() if secure else None
    port = parts.port or (443 if secure else 80)
    reader, writer = await dial(parts.hostname or "", port, private=True, deadlines=Deadlines(), tls=tls)
    url = f"{'wss' if secure else 'ws'}://{parts.netloc}{PEER_PATH}"
    async with asyncio.timeout(HANDSHAKE):
        return await websocket.call(reader, writer, url, subprotocols=[SUBPROTOCOL])
