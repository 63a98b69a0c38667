"""A client of one API server: requests and endless streams, each under deadlines, over guarded connections."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, nullcontext
from types import TracebackType
from typing import Any, Self, TypeVar, overload

import aiohttp
import msgspec
from yarl import URL

from basefly import __version__
from basefly.base.http import GuardedConnector
from basefly.base.kube.credentials import Credentials, tls
from basefly.base.kube.errors import ConnectError, api_error
from basefly.base.kube.faults import connect_error
from basefly.base.kube.lines import Lines
from basefly.base.kube.objects import JSON, decode
from basefly.base.kube.relay.upstream import Upstream
from basefly.base.resilience.breaker import CircuitOpen
from basefly.base.resilience.bulkhead import Overloaded
from basefly.base.resilience.deadlines import Deadlines
from basefly.base.resilience.policy import Policy

T = TypeVar("T")
Params = Mapping[str, str | int]

MEBIBYTE = 2**20


class Client:
    """Speaks to one API server. Every method raises ConnectError or an ApiError, and nothing else.

    With a `policy`, a server that failed too often is not even asked. `private` says whether loopback and private
    addresses may be dialed; `compress` asks for gzip, which pays over slow networks. `upstream` passes on what others
    ask. Made anywhere, used within one event loop, closed by `close`.
    """

    def __init__(
        self,
        credentials: Credentials,
        *,
        private: bool = True,
        compress: bool = False,
        deadlines: Deadlines | None = None,
        policy: Policy | None = None,
    ) -> None:
        self.server = credentials.server.rstrip("/")
        self.deadlines = deadlines or Deadlines()
        self._credentials = credentials
        self._private = private
        self._policy = policy
        self._session: aiohttp.ClientSession | None = None
        self._closed = False
        self.unstreamed = 0  # kinds whose streamed lists failed: what watches learn of this server, for each other
        self._context: ssl.SSLContext | None = None
        self.upstream = Upstream(credentials, private=private, policy=policy, deadlines=self.deadlines)
        self._headers = {
            "User-Agent": f"basefly/{__version__}",
            "Accept-Encoding": "gzip" if compress else "identity",
        }
        if credentials.token:
            self._headers["Authorization"] = f"Bearer {credentials.token.reveal()}"

    async def get_bytes(
        self,
        path: str,
        params: Params | None = None,
        *,
        accept: str = JSON,
        limit: int = 64 * MEBIBYTE,
        again: bool = False,
    ) -> bytes:
        """The body of an answer, of at most `limit` bytes.

        `again` tries up to three times if the connection drops or the server is busy: for callers who have no
        retry of their own.
        """
        if self._policy is None:
            return await self.send("GET", path, params, accept=accept, limit=limit)
        with self._not_tried():
            return await self._policy.call(
                lambda: self.send("GET", path, params, accept=accept, limit=limit),
                again=again,
                within=self.deadlines.total,
            )

    @overload
    async def get_json(
        self, path: str, params: Params | None = None, *, accept: str = JSON, again: bool = False
    ) -> Any: ...
    @overload
    async def get_json(
        self, path: str, params: Params | None = None, *, into: type[T], accept: str = JSON, again: bool = False
    ) -> T: ...
    async def get_json(
        self, path: str, params: Params | None = None, *, into: Any = Any, accept: str = JSON, again: bool = False
    ) -> Any:
        """The answer, decoded into `into` (any type that msgspec knows); `again` as in get_bytes."""
        return self.decode(await self.get_bytes(path, params, accept=accept, again=again), into)

    async def post_json(self, path: str, body: object, *, into: type[T]) -> T:
        """Send `body` as JSON and decode the answer."""
        answer = await self.send("POST", path, body=msgspec.json.encode(body))
        return self.decode(answer, into)

    async def send(
        self,
        method: str,
        path: str,
        params: Params | None = None,
        *,
        body: bytes | None = None,
        accept: str = JSON,
        limit: int = 64 * MEBIBYTE,
    ) -> bytes:
        """One request, with a body of JSON if any, and its whole answer, within the total deadline."""
        headers = {"Accept": accept} if body is None else {"Accept": accept, "Content-Type": JSON}
        within = self._timeout(self.deadlines.idle, self.deadlines.total)
        async with self._answer(method, path, params, headers, within=within, body=body) as response:
            return await self._body(response, limit)

    @asynccontextmanager
    async def stream(
        self,
        path: str,
        params: Params | None = None,
        *,
        accept: str = JSON,
        idle: float = 70.0,
        limit: int = 8 * MEBIBYTE,
    ) -> AsyncIterator[Lines]:
        """An endless answer, line by line.

        Without a byte for `idle` seconds the stream counts as stalled; a line of more than `limit` bytes is lost.
        """
        within = self._timeout(None, None)
        async with AsyncExitStack() as held:
            with self._not_tried():
                async with self._policy.passage() if self._policy else nullcontext():
                    answer = self._answer("GET", path, params, {"Accept": accept}, within=within)
                    response = await held.enter_async_context(answer)
            yield Lines(response, idle=idle, limit=limit, server=self.server)

    async def close(self) -> None:
        """Close every connection; what still runs breaks, and nothing new is begun. What is passed on may end."""
        self._closed = True
        self.upstream.close()
        if self._session is not None:
            await self._session.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    @asynccontextmanager
    async def _answer(
        self,
        method: str,
        path: str,
        params: Params | None,
        headers: Mapping[str, str],
        *,
        within: aiohttp.ClientTimeout,
        body: bytes | None = None,
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        """The answer to a request once its head is here and says that all is well."""
        response = await self._ask(method, path, params, headers, within=within, body=body)
        try:
            if not 200 <= response.status < 300:
                await self._refused(response)
            yield response
        finally:
            if response.content.at_eof():
                response.release()
            else:  # the rest is not wanted, so the connection cannot be used again
                response.close()

    async def _ask(
        self,
        method: str,
        path: str,
        params: Params | None,
        headers: Mapping[str, str],
        *,
        within: aiohttp.ClientTimeout,
        body: bytes | None,
    ) -> aiohttp.ClientResponse:
        session = self._open()
        try:
            async with asyncio.timeout(self.deadlines.until_answer):
                return await session.request(
                    method,
                    URL(self.server + path, encoded=True),
                    params=params,
                    data=body,
                    headers=headers,
                    timeout=within,
                    ssl=self._context or True,
                    server_hostname=self._credentials.tls_server_name,
                    allow_redirects=False,
                )
        except (aiohttp.ClientError, OSError) as error:
            raise connect_error(error, self.server) from error

    async def _refused(self, response: aiohttp.ClientResponse) -> None:
        if 300 <= response.status < 400:
            target = response.headers.get("Location", "nowhere").partition("?")[0]
            raise ConnectError("redirected", self.server, why=f"{response.status} to {target[:200]}")
        body = await self._body(response, MEBIBYTE)
        raise api_error(response.status, body, retry_after=response.headers.get("Retry-After", ""))

    async def _body(self, response: aiohttp.ClientResponse, limit: int) -> bytes:
        pieces: list[bytes] = []
        size = 0
        try:
            while piece := await response.content.readany():
                size += len(piece)
                if size > limit:
                    raise ConnectError("too_large", self.server, why=f"more than {limit // MEBIBYTE} MiB")
                pieces.append(piece)
        except (aiohttp.ClientError, OSError) as error:
            raise connect_error(error, self.server) from error
        return b"".join(pieces)

    def decode(self, body: bytes, into: type[T]) -> T:
        """Decode an answer of this server; what is not of that shape is no answer of a Kubernetes API."""
        try:
            return decode(msgspec.json.Decoder(into), body)  # type: ignore[no-any-return]  # Decoder(into) yields T
        except msgspec.DecodeError as error:
            raise ConnectError("not_kubernetes", self.server, why=str(error)) from error

    @contextmanager
    def _not_tried(self) -> Iterator[None]:
        """The policy's own refusals, in the words of a cluster."""
        try:
            yield
        except CircuitOpen as error:
            why = f"again in {error.retry_after:.0f} s"
            raise ConnectError("resting", self.server, why=why, retry_after=error.retry_after) from error
        except Overloaded as error:
            raise ConnectError("crowded", self.server, retry_after=1.0) from error
        except TimeoutError as error:
            raise connect_error(error, self.server) from error

    def _open(self) -> aiohttp.ClientSession:
        if self._closed:
            raise ConnectError("dropped", self.server, why="the hub has closed this connection, for it has a newer one")
        if self._session is None:
            try:
                self._context = tls(self._credentials)
            except (ssl.SSLError, ValueError, OSError) as error:
                raise connect_error(error, self.server) from error
            connector = GuardedConnector(private=self._private, deadlines=self.deadlines, limit=0, ttl_dns_cache=10)
            self._session = aiohttp.ClientSession(
                connector=connector,
                headers=self._headers,
                cookie_jar=aiohttp.DummyCookieJar(),
                skip_auto_headers=("Content-Type",),
            )
        return self._session

    def _timeout(self, idle: float | None, total: float | None) -> aiohttp.ClientTimeout:
        standing = self.deadlines.connect + self.deadlines.tls
        return aiohttp.ClientTimeout(total=total, sock_connect=standing, sock_read=idle)
