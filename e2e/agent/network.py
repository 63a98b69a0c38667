"""A network of its own for an agent, whose only way out can be cut: packets vanish, and nobody hears of it."""

from __future__ import annotations

import asyncio
import os
import ssl
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path

from basefly.base.resilience.ending import end

HERE, THERE = "10.77.31.1", "10.77.31.2"
Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
_NOWHERE = "02:00:00:00:77:77"  # nobody has this hardware address
_RELAY = """
import asyncio, sys
async def serve(reader, writer):
    inner, outer = await asyncio.open_unix_connection(sys.argv[2])
    async def one(source, sink):
        while data := await source.read(65536):
            sink.write(data)
            await sink.drain()
        sink.close()
    await asyncio.gather(one(reader, outer), one(inner, writer), return_exceptions=True)
async def main():
    server = await asyncio.start_server(serve, "127.0.0.1", int(sys.argv[1]))
    await server.serve_forever()
asyncio.run(main())
"""


class Network:
    """A network namespace with one link to ours."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.inside = ["ip", "netns", "exec", name]

    def cut(self) -> None:
        """From now on packets either way go to a hardware address that nobody has: dropped, and no error."""
        _ip("neigh", "replace", THERE, "lladdr", _NOWHERE, "nud", "permanent", "dev", self.name)
        _ip("-n", self.name, "neigh", "replace", HERE, "lladdr", _NOWHERE, "nud", "permanent", "dev", "hub")

    def mend(self) -> None:
        """As it was."""
        _ip("neigh", "del", THERE, "dev", self.name)
        _ip("-n", self.name, "neigh", "del", HERE, "dev", "hub")

    @contextmanager
    def leading(self, port: int, socket: Path) -> Iterator[None]:
        """Loopback inside leads to a socket of the file system, which knows no networks: as to a neighbour."""
        command = [*self.inside, sys.executable, "-c", _RELAY, str(port), str(socket)]
        relay = subprocess.Popen(command)
        try:
            yield
        finally:
            relay.kill()
            relay.wait()


def possible() -> bool:
    """Whether networks can be made here."""
    try:
        with network("basefly-look"):
            return True
    except (OSError, subprocess.CalledProcessError):
        return False


@contextmanager
def network(name: str) -> Iterator[Network]:
    """A network, gone afterwards."""
    _ip("netns", "add", name)
    try:
        _ip("link", "add", name, "type", "veth", "peer", "name", "hub", "netns", name)
        _ip("addr", "add", f"{HERE}/30", "dev", name)
        _ip("link", "set", name, "up")
        for words in (
            ("addr", "add", f"{THERE}/30", "dev", "hub"),
            ("link", "set", "hub", "up"),
            ("link", "set", "lo", "up"),
        ):
            _ip("-n", name, *words)
        yield Network(name)
    finally:
        subprocess.run(["ip", "link", "del", name], check=False, capture_output=True)
        subprocess.run(["ip", "netns", "del", name], check=False, capture_output=True)


@asynccontextmanager
async def front(host: str, port: int, to: int, certificate: Path) -> AsyncIterator[None]:
    """TLS in front of the hub, as an ingress is."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    async with _passing(to) as serve:
        server = await asyncio.start_server(serve, host, port, ssl=context)
        yield
        server.close()


@asynccontextmanager
async def neighbour(socket: Path, to: int) -> AsyncIterator[None]:
    """A socket of the file system that leads to a port of ours."""
    async with _passing(to) as serve:
        server = await asyncio.start_unix_server(serve, socket)
        yield
        server.close()


@asynccontextmanager
async def _passing(to: int) -> AsyncIterator[Serve]:
    serving: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        inner, outer = await asyncio.open_connection("127.0.0.1", to)
        for pair in ((reader, outer), (inner, writer)):
            task = asyncio.create_task(_one(*pair))
            serving.add(task)
            task.add_done_callback(serving.discard)

    yield serve
    await end(*serving)


async def _one(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while data := await source.read(65536):
            sink.write(data)
            await sink.drain()
    sink.close()


def _ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, capture_output=True, env={"PATH": os.environ["PATH"]})
