"""The one guarded dialer: every outgoing connection is judged by the address that it really goes to."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Callable, Mapping
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Any, NamedTuple

import aiohttp
from aiohttp.client_proto import ResponseHandler

from basefly import __version__
from basefly.base.resilience.deadlines import Deadlines

Address = IPv4Address | IPv6Address

# Where clouds hand out the credentials of the machine we run on. Never a cluster, even on a private network.
_METADATA = (
    ip_address("169.254.169.254"),  # most clouds; link-local, and named for the message
    ip_address("fd00:ec2::254"),  # AWS IMDS over IPv6
    ip_address("100.100.100.200"),  # Alibaba Cloud
    ip_address("168.63.129.16"),  # Azure WireServer, which looks like a public address
)
READ_AHEAD = 256 * 1024  # bytes that a dialed stream holds before it stops reading
_NAT64 = ip_network("64:ff9b::/96")  # RFC 6052: an IPv4 address in the last 32 bits
_6TO4 = ip_network("2002::/16")  # RFC 3056: an IPv4 address in the bits 16 to 48


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
        super().__init__(socket_factory=_sockets(private), **options)
        self._private = private
        self._deadlines = deadlines

    async def _wrap_create_connection(self, *args: Any, **options: Any) -> tuple[Any, ResponseHandler]:
        if options.get("ssl"):
            options["ssl_handshake_timeout"] = self._deadlines.tls
        transport, protocol = await super()._wrap_create_connection(*args, **options)
        peer = transport.get_extra_info("peername")
        if why := refusal(peer[0], private=self._private):
            transport.abort()
            raise AddressRefused(why)
        return transport, protocol


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
        self._deadlines = deadlines or Deadlines(first_byte=5.0, idle=5.0, total=10.0)
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
                timeout=aiohttp.ClientTimeout(limits.total, connect=limits.connect + limits.tls, sock_read=limits.idle),
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
    async with asyncio.timeout(deadlines.connect):
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    family, kind, protocol, _, address = found[0]
    if why := refusal(str(address[0]), private=private):
        raise AddressRefused(why)
    made = socket.socket(family, kind, protocol)
    try:
        _notice_death(made)
        made.setblocking(False)
        async with asyncio.timeout(deadlines.connect):
            await asyncio.get_running_loop().sock_connect(made, address)
        name = (server_name or host) if tls else None
        async with asyncio.timeout(deadlines.tls):
            return await asyncio.open_connection(sock=made, ssl=tls, server_hostname=name, limit=READ_AHEAD)
    except BaseException:
        made.close()
        raise
