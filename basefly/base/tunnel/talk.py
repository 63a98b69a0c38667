"""A tunnel whose two sides talk about their session: words in the order in which they come."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final, TypeVar

from basefly.base.resilience.ending import end
from basefly.base.tunnel.frames import Broken
from basefly.base.tunnel.tunnel import DEAD, Accept, Tunnel
from basefly.base.tunnel.websocket import Socket
from basefly.base.tunnel.words import Refusal, Word, heard, said

HANDSHAKE: Final = 10.0  # s for each of the first words
MOST: Final = 16  # words that may wait

T = TypeVar("T")


class SentAway(Exception):
    """The other side refuses us."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(f"{refusal.detail} {refusal.cure}".strip())
        self.refusal = refusal


class Silence(TimeoutError):
    """No word came in time, though the tunnel stands."""


class Talk:
    """Says and hears words over a tunnel that runs."""

    def __init__(self, socket: Socket, *, first: bool, accept: Accept | None, dead: float) -> None:
        self._words: asyncio.Queue[Word] = asyncio.Queue(MOST)
        self.tunnel = Tunnel(socket, first=first, accept=accept, hear=self._keep, dead=dead)
        self.running = asyncio.create_task(self.tunnel.run(), name="tunnel")

    def say(self, word: Word) -> None:
        """Say a word."""
        self.tunnel.tell(said(word))

    async def hear(self, *kinds: type[T], within: float | None = HANDSHAKE) -> T:
        """The next word, which must be one of these. Raises SentAway, OSError, Silence, Broken."""
        word = await self._next(within)
        if isinstance(word, Refusal) and Refusal not in kinds:
            raise SentAway(word)
        if not isinstance(word, kinds):
            raise Broken(f"a {type(word).__name__} out of turn")
        return word

    async def _next(self, within: float | None) -> Word:
        waiting = asyncio.create_task(self._words.get())
        try:
            await asyncio.wait({waiting, self.running}, timeout=within, return_when=asyncio.FIRST_COMPLETED)
            if waiting.done():
                return waiting.result()
            if self.running.done():
                self.running.result()
                raise ConnectionResetError("the tunnel was closed")
            raise Silence(f"no word within {within} s")
        finally:
            waiting.cancel()

    def _keep(self, message: bytes) -> None:
        try:
            self._words.put_nowait(heard(message))
        except asyncio.QueueFull:
            raise Broken("more words than anybody listens to") from None


@asynccontextmanager
async def talking(
    socket: Socket, *, first: bool, accept: Accept | None = None, dead: float = DEAD
) -> AsyncIterator[Talk]:
    """A talk over a WebSocket, which is closed at the end."""
    talk = Talk(socket, first=first, accept=accept, dead=dead)
    try:
        yield talk
    finally:
        talk.tunnel.close("the talk is over")
        await end(talk.running)
