"""A terminal in a page: what is typed goes in, what is shown comes out, and neither faster than the other side reads.

Bytes are what is typed and shown. Texts are about it. The page says `{"size": [columns, rows]}`, and with
`{"read": bytes}` how much it has shown so far. The hub says `opened`, `ended` with the exit code, and `error`.
"""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from typing import NoReturn

import msgspec
import structlog

from basefly.base.errors import BaseflyError, Denied
from basefly.base.resilience.ending import end
from basefly.base.web.boundary.conversation import OVER, REFUSED, Conversation, problem
from basefly.core.gateway import door
from basefly.core.gateway.proxy.inside import Inside, entered
from basefly.core.terminals.shell import pods
from basefly.core.terminals.shell.pods import Container, Pod

PROTOCOL = "terminal.basefly.v1"
SHELLS = ("bash", "sh")
LOOK = 5.0  # s between two looks at whether whoever is inside still may be
BLIND = 10.0  # s that they stay though nobody can tell
BEAT = 20.0  # s between two signs of life to the cluster
WINDOW = 1024 * 1024  # bytes shown that the page has not taken in yet, at most

_MISSING = ("executable file not found", "no such file or directory", "not found in $path")
_NOT_STARTED = (126, 127)
_AGAIN = "Open a new shell; what ran in this one may have ended."
_LARGEST = 1000  # columns or rows

log = structlog.get_logger("basefly.terminals")


class Gone(Exception):
    """Nobody is at the page any more."""


class RightsEnded(Denied):
    """Whoever is inside may not be, any more."""

    code, title = "rights_ended", "You may not be here any more"


class Idle(BaseflyError):
    """Nothing was typed for long."""

    code, title = "idle", "The terminal was closed"


class Restarting(BaseflyError):
    """The hub ends."""

    code, title = "restarting", "The hub restarts"


class Lost(BaseflyError):
    """The way into the container is gone."""

    code, title = "lost", "The connection was lost"


class NoShell(BaseflyError):
    """There is nothing in the container that would read what is typed."""

    code, title = "no_shell", "There is no shell"


class _Said(msgspec.Struct):
    size: tuple[int, int] | None = None
    read: int | None = None


async def converse(conversation: Conversation, pod: Pod, container: str, shell: str) -> None:
    """A shell in a container, or a look at a debug container's own, until either side ends it."""
    await conversation.accept(PROTOCOL)
    code = OVER
    try:
        code = await _told(conversation, pod, container, shell)
    except Gone:
        return
    finally:
        with suppress(RuntimeError, OSError):  # they may have left meanwhile
            await conversation.close(code)


async def _told(conversation: Conversation, pod: Pod, container: str, shell: str) -> int:
    try:
        found = await pods.started(conversation.house, conversation.by, pod, container)
        chosen = found.choose(container)
        code = await _attached(conversation, found, chosen) if chosen.debug else None
        if code is None:
            code = await _shell(conversation, found, chosen, (shell,) if shell else SHELLS)
    except (BaseflyError, OSError) as error:
        told = error if isinstance(error, BaseflyError) else Lost(f"The connection broke off: {error}.", cure=_AGAIN)
        await conversation.tell(type="error", **problem(told))
        return REFUSED
    await conversation.tell(type="ended", code=code)
    return OVER


async def _attached(conversation: Conversation, pod: Pod, container: Container) -> int:
    async with entered(
        conversation.house, conversation.by, pod.cluster, pod.target("attach", container=container.name)
    ) as inside:
        await conversation.tell(type="opened", container=container.name, shell="", recorded=inside.recorded)
        await Session(conversation, inside).run()
        return _code(inside)


async def _shell(conversation: Conversation, pod: Pod, container: Container, shells: tuple[str, ...]) -> int:
    """The first of the shells that there is; its exit code."""
    for shell in shells:
        target = pod.target("exec", container=container.name, command=shell)
        async with entered(conversation.house, conversation.by, pod.cluster, target) as inside:
            await conversation.tell(type="opened", container=container.name, shell=shell, recorded=inside.recorded)
            await Session(conversation, inside).run()
        if not _is_missing(inside):
            return _code(inside)
    raise NoShell(
        f"There is no {' and no '.join(shells)} in the container {container.name}.",
        cure="Start a debug container beside it: it brings tools of its own, and sees the same processes.",
    )


def _code(inside: Inside) -> int:
    """The exit code of what has ended. Raises Lost where nobody can tell how it did."""
    code = inside.status.code
    if code is None:
        why = inside.status.message or "the connection to the container broke off"
        raise Lost(f"The shell has ended: {why[:300]}.", cure=_AGAIN)
    return code


def _is_missing(inside: Inside) -> bool:
    said = inside.status.message.lower()
    never = inside.status.code is None and any(each in said for each in _MISSING)
    return never or (inside.status.code in _NOT_STARTED and inside.bytes < 1024)


class Session:
    """Somebody at a page, and inside a container."""

    def __init__(self, conversation: Conversation, inside: Inside) -> None:
        self._conversation = conversation
        self._inside = inside
        self._idle = conversation.house.settings.terminal_idle.total_seconds()
        self._typed_at = time.monotonic()
        self._sent = self._read = 0
        self._taken = asyncio.Event()

    async def run(self) -> None:
        """Until the command ends. Raises Gone when they leave, and why it was ended otherwise."""
        showing = asyncio.create_task(self._show(), name="terminal shown")
        others = [
            asyncio.create_task(self._type(), name="terminal typed"),
            asyncio.create_task(self._look(), name="terminal rights"),
            asyncio.create_task(self._beat(), name="terminal beat"),
            asyncio.create_task(self._last(), name="terminal shutdown"),
        ]
        try:
            done, _ = await asyncio.wait([showing, *others], return_when=asyncio.FIRST_COMPLETED)
            for task in (showing,) if showing in done else done:
                task.result()
        finally:
            await end(showing, *others)

    async def _show(self) -> None:
        while (data := await self._inside.next()) is not None:
            await self._conversation.send(data)
            self._sent += len(data)
            while self._sent - self._read > WINDOW:
                self._taken.clear()
                await self._taken.wait()

    async def _type(self) -> NoReturn:
        while (said := await self._conversation.next()) is not None:
            if isinstance(said, bytes):
                self._typed_at = time.monotonic()
                await self._inside.type(said)
            else:
                await self._hear(said)
        raise Gone

    async def _hear(self, text: str) -> None:
        try:
            said = msgspec.json.decode(text, type=_Said)
        except msgspec.DecodeError:
            return
        if said.read is not None:
            self._read = min(said.read, self._sent)
            self._taken.set()
        if said.size and all(1 <= each <= _LARGEST for each in said.size):
            await self._inside.resize(*said.size)

    async def _look(self) -> NoReturn:
        seen = time.monotonic()
        while True:
            await asyncio.sleep(LOOK)
            try:
                by = await self._conversation.opener()
            except Exception:  # whoever cannot tell refuses, but a database may be away for a moment
                if time.monotonic() - seen > BLIND:
                    log.exception("rights cannot be looked at")
                    raise RightsEnded("Nobody can tell whether you still may be here.") from None
                continue
            seen = time.monotonic()
            if by is None or not door.still_allowed(by, self._inside.passage):
                raise RightsEnded("Your right to be in this container, or your sign-in, has ended.")

    async def _beat(self) -> NoReturn:
        """Show the cluster that somebody is there, and end what nobody uses."""
        while True:
            left = self._typed_at + self._idle - time.monotonic()
            if left <= 0:
                minutes = round(self._idle / 60)
                raise Idle(f"Nothing was typed for {minutes} minutes.", cure="Open a new shell when you need one.")
            await asyncio.sleep(min(BEAT, left))
            await self._inside.ping()

    async def _last(self) -> NoReturn:
        await self._conversation.house.shutdown.wait()
        raise Restarting("The hub restarts, and the shell has ended.", cure="Open a new shell in a moment.")
