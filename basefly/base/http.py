"""The one guarded dialer: every outgoing connection is judged by the address that it really goes to."""

from __future__ import annotations

import asyncio
import socket
import ssl
from asyncio.sslproto import SSLProtocol
from collections.abc import Callable, Mapping
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Any, NamedTuple, Protocol

import aiohttp
from aiohappyeyeballs import start_connection
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.client_proto import ResponseHandler

from basefly import __version__
from basefly.base.resilience.deadlines import Deadlines
from basefly.base.resilience.lookups import LOOKUPS

Address = IPv4Address | IPv6Address

# Where clouds hand out the credentials of the machine we run on. Never a cluster, even on a private network.
_METADATA = (
    ip_address("169.254.169.254"),  # most clouds; link-local, and named for the message
    ip_address("fd00:ec2::254"),  # AWS IMDS over IPv6
    ip_address("100.100.100.200"),  # Alibaba Cloud
    ip_address("168.63.129.16"),  # Azure WireServer, which looks like a public address
)
READ_AHEAD = 256 * 1024  # bytes that a dialed stream holds before it stops reading
_NEXT_ADDRESS = 0.25  # s until a host's next address is tried beside one that is silent (RFC 8305)
_NAT64 = ip_network("64:ff9b::/96")  # RFC 6052: an IPv4 address in the last 32 bits
_6TO4 = ip_network("2002::/16")  # RFC 3056: an IPv4 address in the bits 16 to 48


class Dialer(Protocol):
    """A way of its own to some place, instead of the network: through a tunnel, say."""

    async def dial(self) -> socket.socket:
        """A connected socket that does not block. Raises NoWay, OSError or TimeoutError."""
        ...


class NoWay(OSError):
    """A dialer has no way at this moment; the text says why."""


class AddressRefused(OSError):
    """The guard does not dial this address; the text says which and why."""


def refusal(text: str, *, private: bool) -> str:
    """Why `text` (an IP address) is not dialed, or nothing if it may be.

    Loopback and private addresses are dialed only if `private`; link-local, multicast, unspecified and metadata
    addresses never.
    """
    address = _plain(ip_address(text.partition("%")[0]))
    if address in _METADATA:
        return f"{address} hands out a cloud machine's own credentials"
    if address.is_link_local:
        return f"{address} is a link-local address"
    if address.is_multicast or address.is_unspecified or address == ip_address("255.255.255.255"):
        return f"{address} is no address of one machine"
    if private or address.is_global:
        return ""
    return f"{address} is a {'loopback' if address.is_loopback else 'private'} address"


def _plain(address: Address) -> Address:
    """The IPv4 address that an IPv6 address wraps, if it does; otherwise the address itself."""
    if isinstance(address, IPv4Address):
        return address
    if address.ipv4_mapped:
        return address.ipv4_mapped
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    if address in _6TO4:
        return IPv4Address(int(address) >> 80 & 0xFFFFFFFF)
    return address


class GuardedConnector(aiohttp.TCPConnector):
    """A pool of connections to judged addresses only.

    The address is judged twice: before the first packet, on what is about to be dialed (the names are resolved by
    then, so no DNS trick helps), and on the peer of the socket once it stands, before a byte of HTTP is sent.
    """

    def __init__(self, *, private: bool, deadlines: Deadlines, **options: Any) -> None:
        super().__init__(resolver=_Names(), socket_factory=_sockets(private), **options)
        self._private = private
        self._deadlines = deadlines

    async def _wrap_create_connection(self, *args: Any, **options: Any) -> tuple[Any, ResponseHandler]:
        protocol: ResponseHandler = args[0]()
        context, name = options.pop("ssl", None), options.pop("server_hostname", None)
        secured = _Tls.over(protocol, context, name, self._deadlines.tls) if context else None
        transport, _ = await super()._wrap_create_connection(lambda: secured or protocol, *args[1:], **options)
        try:
            if why := refusal(transport.get_extra_info("peername")[0], private=self._private):
                raise AddressRefused(why)
            if secured is not None:
                await secured.shaken
        except BaseException:
            transport.abort()
            if secured is not None:
                secured.shaken.cancel()  # nobody waits for it any longer
            raise
        return protocol.transport, protocol


class DialedConnector(aiohttp.TCPConnector):
    """A pool of connections that a dialer makes, whatever their address says. Names are not resolved."""

    def __init__(self, dialer: Dialer, *, deadlines: Deadlines, **options: Any) -> None:
        super().__init__(resolver=_Nowhere(), **options)
        self._dialer = dialer
        self._deadlines = deadlines

    async def _wrap_create_connection(self, *args: Any, **options: Any) -> tuple[Any, ResponseHandler]:
        request, protocol = options["req"], args[0]()
        name = options.get("server_hostname") or request.url.raw_host
        made: socket.socket | None = None
        try:
            async with asyncio.timeout(self._deadlines.connect):
                made = await self._dialer.dial()
            if context := options.get("ssl"):
                await encrypt(made, protocol, context, server_name=name, within=self._deadlines.tls)
            else:
                await asyncio.get_running_loop().create_connection(lambda: protocol, sock=made)
            return protocol.transport, protocol
        except TimeoutError as error:
            raise aiohttp.ConnectionTimeoutError from error
        except OSError as error:
            if made is not None:
                made.close()
            raise aiohttp.ClientConnectorError(request.connection_key, error) from error


class _Names(AbstractResolver):
    """Looks names up where no slow one holds up another."""

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        flags = socket.AI_NUMERICHOST | socket.AI_NUMERICSERV
        return [
            ResolveResult(
                hostname=host, host=str(address[0]), port=address[1], family=kind, proto=protocol, flags=flags
            )
            for kind, _, protocol, _, address in await LOOKUPS.find(host, port, family)
        ]

    async def close(self) -> None:
        return None


class _Nowhere(AbstractResolver):
    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        return [
            ResolveResult(hostname=host, host="0.0.0.0", port=port, family=family, proto=0, flags=0)  # noqa: S104  # unused
        ]

    async def close(self) -> None:
        return None


def _sockets(private: bool) -> Callable[[Any], socket.socket]:
    def create(info: Any) -> socket.socket:
        family, kind, protocol, _, address = info
        if why := refusal(address[0], private=private):
            raise AddressRefused(why)
        made = socket.socket(family, kind, protocol)
        _notice_death(made)
        return made

    return create


def _notice_death(made: socket.socket) -> None:
    """Have the kernel find a peer that vanished without a word: within 50 s when idle, 30 s when we are sending."""
    made.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    for option, value in (
        ("TCP_KEEPIDLE", 20),
        ("TCP_KEEPALIVE", 20),  # the same, as macOS calls it
        ("TCP_KEEPINTVL", 10),
        ("TCP_KEEPCNT", 3),
        ("TCP_USER_TIMEOUT", 30_000),
    ):
        if (number := getattr(socket, option, None)) is not None:
            made.setsockopt(socket.IPPROTO_TCP, number, value)


class Answer(NamedTuple):
    """What came back, whole: the status, the media type without its parameters, and the body."""

    status: int
    media: str
    body: bytes


class Caller:
    """Small requests to the world outside: guarded, quick or given up, no redirect followed, no cookie kept.

    Every method raises OSError or TimeoutError when there is no answer, with a text that says why.
    """

    def __init__(self, *, private: bool, most: int = 512 * 1024, deadlines: Deadlines | None = None) -> None:
        self.private = private
        self._most = most
        self._deadlines = deadlines or Deadlines(total=10.0)
        self._session: aiohttp.ClientSession | None = None

    async def get(self, url: str, headers: Mapping[str, str] | None = None) -> Answer:
        """Fetch."""
        return await self._call("GET", url, headers=headers)

    async def post(self, url: str, form: Mapping[str, str], headers: Mapping[str, str] | None = None) -> Answer:
        """Send a form."""
        return await self._call("POST", url, headers=headers, data=form)

    async def send(self, url: str, body: bytes, headers: Mapping[str, str] | None = None) -> Answer:
        """Send bytes. They have arrived once there is a status: the body of the answer is not read."""
        return await self._call("POST", url, whole=False, headers=headers, data=body)

    async def close(self) -> None:
        """Close every connection."""
        if self._session:
            await self._session.close()

    async def _call(self, method: str, url: str, *, whole: bool = True, **options: Any) -> Answer:
        try:
            async with self._open().request(method, url, allow_redirects=False, **options) as answer:
                if not whole:
                    return Answer(answer.status, answer.content_type, b"")
                body = await answer.content.read(self._most + 1)
                while len(body) <= self._most and (more := await answer.content.read(self._most + 1 - len(body))):
                    body += more
                if len(body) > self._most:
                    raise OSError(f"the answer is larger than {self._most // 1024} KiB")
                return Answer(answer.status, answer.content_type, body)
        except TimeoutError as error:
            raise TimeoutError("no answer in time") from error
        except aiohttp.InvalidURL as error:
            raise OSError("this is no address") from error
        except aiohttp.ClientConnectorError as error:
            cause = error.os_error.__cause__ or error.os_error  # the loop gathers what each address had to say
            raise cause if isinstance(cause, AddressRefused) else OSError(str(error.os_error)) from error
        except aiohttp.ClientError as error:
            raise OSError(str(error) or type(error).__name__) from error

    def _open(self) -> aiohttp.ClientSession:
        """The pool, made where it is first used: it belongs to one event loop."""
        if self._session is None:
            limits = self._deadlines
            self._session = aiohttp.ClientSession(
                connector=GuardedConnector(private=self.private, deadlines=limits, limit=20, limit_per_host=4),
                timeout=aiohttp.ClientTimeout(limits.total, connect=limits.connect + limits.tls),
                cookie_jar=aiohttp.DummyCookieJar(),
                headers={"User-Agent": f"basefly/{__version__}", "Accept": "application/json"},
                trust_env=False,
            )
        return self._session


async def dial(
    host: str,
    port: int,
    *,
    private: bool,
    deadlines: Deadlines,
    tls: ssl.SSLContext | None = None,
    server_name: str = "",
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A plain or encrypted connection to a judged address. Raises OSError or TimeoutError.

    `server_name` is the name expected in the certificate, where it is not `host`.
    """
    made = await reach(host, port, private=private, deadlines=deadlines)
    return await over(made, deadlines=deadlines, tls=tls, server_name=server_name or host)


async def over(
    made: socket.socket, *, deadlines: Deadlines, tls: ssl.SSLContext | None, server_name: str
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A plain or encrypted connection over a socket that is connected. Raises OSError or TimeoutError."""
    try:
        async with asyncio.timeout(deadlines.tls):
            return await _streams(made, tls, server_name)
    except BaseException:
        made.close()
        raise


async def encrypt(
    made: socket.socket,
    protocol: asyncio.Protocol,
    tls: ssl.SSLContext,
    *,
    server_name: str,
    within: float | None = None,
) -> None:
    """Speak TLS over a connected socket; `protocol` gets the connection once the handshake is over.

    It may last `within` seconds, 60 if nothing is said. Raises OSError.

    TLS is asyncio's, on uvloop's loop too: when the peer closes, uvloop's throws away what had not been read yet
    (MagicStack/uvloop#661), which is the end of what a command in a pod has said.
    """
    secured = _Tls.over(protocol, tls, server_name, within)
    await asyncio.get_running_loop().create_connection(lambda: secured, sock=made)
    await secured.shaken


class _Tls(SSLProtocol):
    """Holds 16 KiB a connection instead of 256: one record at once costs no more processor than sixteen."""

    max_size = 16 * 1024
    shaken: asyncio.Future[None]  # done when the handshake is over, whichever way

    @classmethod
    def over(cls, protocol: asyncio.Protocol, tls: ssl.SSLContext, name: str, within: float | None) -> _Tls:
        """What speaks TLS for `protocol`."""
        loop, shaken = asyncio.get_running_loop(), asyncio.get_running_loop().create_future()
        limit: Any = within  # typeshed wants whole seconds, asyncio does not
        secured = cls(loop, protocol, tls, shaken, server_hostname=name, ssl_handshake_timeout=limit)
        secured.shaken = shaken
        return secured

    def connection_lost(self, exc: BaseException | None) -> None:
        super().connection_lost(exc)
        self._ssl_buffer_view = memoryview(b"")  # whoever still holds us need not hold this
        self._ssl_buffer = bytearray()


async def _streams(
    made: socket.socket, tls: ssl.SSLContext | None, name: str
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Both directions of a connection."""
    if tls is None:
        return await asyncio.open_connection(sock=made, limit=READ_AHEAD)
    reader, writers = asyncio.StreamReader(READ_AHEAD), list[asyncio.StreamWriter]()
    plain = asyncio.StreamReaderProtocol(reader, lambda _, writer: writers.append(writer))
    await encrypt(made, plain, tls, server_name=name)
    return reader, writers.pop()  # kept here it would hold itself alive


async def reach(host: str, port: int, *, private: bool, deadlines: Deadlines) -> socket.socket:
    """A connected socket that does not block, to a judged address, whichever of the host's answers first.

    The address is judged before the first packet and again once the socket stands. Raises OSError or TimeoutError.
    """
    async with asyncio.timeout(deadlines.connect):
        found = await LOOKUPS.find(host, port)
        made = await start_connection(found, happy_eyeballs_delay=_NEXT_ADDRESS, socket_factory=_sockets(private))
    if why := refusal(made.getpeername()[0], private=private):
        made.close()
        raise AddressRefused(why)
    return made
