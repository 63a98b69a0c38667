"""What a server said before it closed is read to its end, however late, on the loop that the hub runs on."""

from __future__ import annotations

import asyncio
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import suppress

import pytest
import trustme
import uvloop

from basefly.base.http import dial
from basefly.base.resilience.deadlines import Deadlines

AUTHORITY = trustme.CA()
SAID = b"to the very end." * 2**18  # more than any buffer holds


@pytest.fixture
def port() -> Iterator[int]:
    """A server that says SAID over TLS to whoever comes, and closes at once."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    AUTHORITY.issue_cert("127.0.0.1").configure_cert(context)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        speaking = threading.Thread(target=_speak, args=(listening, context), daemon=True)
        speaking.start()
        yield listening.getsockname()[1]
        speaking.join(10)


def _speak(listening: socket.socket, context: ssl.SSLContext) -> None:
    connection, _ = listening.accept()
    with context.wrap_socket(connection, server_side=True) as spoken:
        spoken.sendall(SAID)
        spoken.settimeout(0.001)
        with suppress(OSError):  # it says goodbye, and does not wait for the answer
            spoken.unwrap()


async def heard(port: int) -> bytes:
    """What somebody hears who is slow to listen."""
    context = ssl.create_default_context()
    AUTHORITY.configure_trust(context)
    reader, writer = await dial("127.0.0.1", port, private=True, deadlines=Deadlines(), tls=context)
    pieces = list[bytes]()
    while piece := await reader.read(2**16):
        pieces.append(piece)
        await asyncio.sleep(0.005)
    writer.close()
    return b"".join(pieces)


@pytest.mark.parametrize("loop", [uvloop.new_event_loop, asyncio.new_event_loop], ids=["uvloop", "asyncio"])
def test_a_peer_that_closes_is_heard_to_the_end(port: int, loop: object) -> None:
    with asyncio.Runner(loop_factory=loop) as runner:  # type: ignore[arg-type]  # a factory either way
        assert len(runner.run(heard(port))) == len(SAID)
