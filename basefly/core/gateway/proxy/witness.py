"""Whoever writes down what goes on in a pod while somebody is in there. Which slice that is, nobody here knows."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Literal, NamedTuple, Protocol
from urllib.parse import parse_qs

from websockets.protocol import CLIENT, SERVER

from basefly.base.errors import BaseflyError
from basefly.base.kube.relay import channels
from basefly.base.kube.relay.channels import ERROR, PROTOCOLS, RESIZE, STDERR, STDIN, STDOUT, Messages
from basefly.core.gateway.door import Passage

Way = Literal["page", "kubectl"]

_ENTERING = ("exec", "attach")
_FALSE = ("", "0", "f", "F", "false", "FALSE", "False")  # as strconv.ParseBool reads it


class Entering(NamedTuple):
    """Somebody about to run a command in a container, or to attach to the one that runs there.

    `readable` says whether what will be said can be understood, and so be written down.
    """

    passage: Passage
    container: str
    command: tuple[str, ...]
    stdin: bool
    tty: bool
    readable: bool
    way: Way


class Witness(Protocol):
    """One session's. Whatever it raises ends the session."""

    async def typed(self, data: bytes) -> None:
        """What goes in."""
        ...

    async def shown(self, data: bytes) -> None:
        """What comes out."""
        ...

    async def resized(self, columns: int, rows: int) -> None:
        """The terminal has another size."""
        ...

    async def ended(self, code: int | None, why: str) -> None:
        """The command has ended, with an exit code; None where it was not started or the way to it broke."""
        ...

    async def close(self) -> None:
        """Nothing more comes."""
        ...


class Witnesses:
    """Who is asked before anybody enters; the slice that keeps recordings plugs itself in here."""

    def __init__(self) -> None:
        self.call: Callable[[Entering], Awaitable[Witness | None]] | None = None

    async def of(self, entering: Entering | None) -> Witness | None:
        """The witness of a session, None where none is wanted. Raises Denied where one is, and cannot be had."""
        return await self.call(entering) if self.call and entering else None


def entering(passage: Passage, target: str, headers: Mapping[bytes, bytes], way: Way) -> Entering | None:
    """What a request asks for, by its target and headers (lower-case names); None unless it enters a pod."""
    if passage.act.subresource not in _ENTERING:
        return None
    query = parse_qs(target.partition("?")[2], keep_blank_values=True)
    protocols = [word.strip() for word in headers.get(b"sec-websocket-protocol", b"").split(b",")]
    return Entering(
        passage,
        container=query.get("container", [""])[0],
        command=tuple(query.get("command", ())),
        stdin=_flag(query, "stdin"),
        tty=_flag(query, "tty"),
        readable=headers.get(b"upgrade", b"").lower() == b"websocket" and any(p in PROTOCOLS for p in protocols),
        way=way,
    )


def _flag(query: Mapping[str, list[str]], name: str) -> bool:
    """Whether it might be read as true."""
    return any(value not in _FALSE for value in query.get(name, ()))


def plain(headers: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """The headers with what can be understood of a WebSocket only: no compression, no channels in base64."""
    kept = [(name, value) for name, value in headers if name.lower() != b"sec-websocket-extensions"]
    return [
        (name, b", ".join(PROTOCOLS) if name.lower() == b"sec-websocket-protocol" else value) for name, value in kept
    ]


class Ears:
    """Hears both directions of a WebSocket as bytes, and tells a witness what they mean."""

    def __init__(self, witness: Witness) -> None:
        self._witness = witness
        self._up, self._down = Messages(CLIENT), Messages(SERVER)

    async def up(self, data: bytes) -> None:
        """Bytes that go in."""
        for message in self._messages(self._up, data):
            await told(self._witness, message, inward=True)

    async def down(self, data: bytes) -> None:
        """Bytes that come out."""
        for message in self._messages(self._down, data):
            await told(self._witness, message, inward=False)

    def _messages(self, reading: Messages, data: bytes) -> list[bytes]:
        try:
            return reading.feed(data)
        except ValueError as error:
            raise NotUnderstood("What is said there cannot be written down.") from error


class NotUnderstood(BaseflyError):
    """A session that must be recorded speaks otherwise than it said it would."""

    code, title = "not_recordable", "The session ended, for it could not be recorded"


async def told(witness: Witness, message: bytes, *, inward: bool) -> None:
    """Tell a witness of one message."""
    channel, data = (message[0], message[1:]) if message else (None, b"")
    if not data:
        return
    if inward and channel == STDIN:
        await witness.typed(data)
    elif inward and channel == RESIZE:
        if size := channels.size_of(data):
            await witness.resized(*size)
    elif not inward and channel in (STDOUT, STDERR):
        await witness.shown(data)
    elif not inward and channel == ERROR:
        status = channels.status(data)
        await witness.ended(status.code, status.message)
