"""A client of one API server: requests and endless streams, each under deadlines, over guarded connections."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager, nullcontext
from functools import partial
from types import TracebackType
from typing import Any, Self, TypeVar, overload

import aiohttp
import msgspec
from yarl import URL

from basefly import __version__
from basefly.base.http import DialedConnector, Dialer, GuardedConnector
from basefly.base.kube.credentials import Credentials, tls
from basefly.base.kube.errors import ConnectError, api_error
from basefly.base.kube.faults import Stalled, connect_error
from basefly.base.kube.http2.pool import Pool
from basefly.base.kube.http2.stream import Stream
from basefly.base.kube.lines import Answer, Lines
from basefly.base.kube.objects import JSON, decode
from basefly.base.kube.relay.upstream import Upstream
from basefly.base.resilience.breaker import CircuitOpen
from basefly.base.resilience.bulkhead import Overloaded
from basefly.base.resilience.deadlines import Deadlines
from basefly.base.resilience.policy import Policy

T = TypeVar("T")
Params = Mapping[str, str | int]
Read = Callable[[], Awaitable[bytes]]

MEBIBYTE = 2**20
KEPT = 30.0  # s that a connection is kept unused: among a thousand clusters it may be twenty until the next list of one


class Client:
    """Speaks to one API server. Every method raises ConnectError or an ApiError, and nothing else.

    With a `policy`, a server that failed too often is not even asked. `private` says whether loopback and private
    addresses may be dialed, and `dialer` dials in another way.
    `upstream` passes on what others ask. Made anywhere, used within one event loop, closed by `close`.
    """

    def __init__(
        self,
        credentials: Credentials,
        *,
        private: bool = True,
        deadlines: Deadlines | None = None,
        policy: Policy | None = None,
        dialer: Dialer | None = None,
    ) -> None:
        self.server = credentials.server.rstrip("/")
        self.deadlines = deadlines or Deadlines()
        self._credentials = credentials
        self._private = private
        self._policy = policy
        self._dialer = dialer
        self._session: aiohttp.ClientSession | None = None
        self._closed = False
        self.unstreamed = 0  # kinds whose streamed lists failed: what watches learn of this server, for each other
        self._context: ssl.SSLContext | None = None
        self._shared = Pool(credentials, private=private, deadlines=self.deadlines, dialer=dialer)
        self.upstream = Upstream(credentials, private=private, policy=policy, deadlines=self.deadlines, dialer=dialer)
        self._headers = {
            "User-Agent": f"basefly/{__version__}",
            "Accept-Encoding": "identity",
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
        """One request, with a body of JSON if any, and its whole answer, within the total deadline.

        API servers compress what is larger than 128 KiB, which costs both sides less than to encrypt the rest of it.
        """
        headers = {"Accept": accept, "Accept-Encoding": "gzip"}
        headers |= {} if body is None else {"Content-Type": JSON}
        within = self._timeout(self.deadlines.total)
        async with self._answer(method, path, params, headers, within=within, body=body) as response:
            return await self._body(response.content.readany, limit)

    def stream(
        self,
        path: str,
        params: Params | None = None,
        *,
        accept: str = JSON,
        idle: float = 70.0,
        limit: int = 8 * MEBIBYTE,
    ) -> Lines:
        """An endless answer, line by line: asked for where its block begins, which raises.

        Without a byte for `idle` seconds the stream counts as stalled; a line of more than `limit` bytes is lost.
        """
        begin = partial(self._opened, path, params, accept)
        return Lines(begin, idle=idle, limit=limit, server=self.server)

    @asynccontextmanager
    async def admitted(self) -> AsyncIterator[None]:
        """A turn among all that begin with a server anew: for whoever asks much of one that may have just come back."""
        admission = self._policy.admission if self._policy else None
        async with admission.place() if admission else nullcontext():
            yield

    def ended(self) -> None:
        """A stream that stood is over: of all that ended with it one begins first, and shows whether the others can."""
        if self._policy and self._policy.admission:
            self._policy.admission.own.begin_anew()

    async def close(self) -> None:
        """Close every connection; what still runs breaks, and nothing new is begun. What is passed on may end."""
        self._closed = True
        self._shared.close()
        self.upstream.close()
        if self._session is not None:
            await self._session.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def _opened(self, path: str, params: Params | None, accept: str) -> Answer:
        with self._not_tried():
            async with self._policy.opening() if self._policy else nullcontext():
                return await self._endless(path, params, accept)

    async def _endless(self, path: str, params: Params | None, accept: str) -> Answer:
        """An answer without an end: on a connection that many share, or of its own where the server has no HTTP/2."""
        stream = await self._begin(path, params, accept)
        if stream is not None:
            answer = Answer(*await stream.answered(), stream.readany, stream.close, stream)
        else:
            within = self._timeout(None)
            response = await self._ask("GET", path, params, {"Accept": accept}, within=within, body=None)
            answer = Answer(response.status, response.headers, response.content.readany, partial(_let_go, response))
        try:
            if not 200 <= answer.status < 300:
                await self._refused(answer.status, answer.headers, answer.read)
        except BaseException:
            answer.close()
            raise
        return answer

    async def _begin(self, path: str, params: Params | None, accept: str) -> Stream | None:
        """The stream of a request once the head of its answer is here; None where the server has no HTTP/2."""
        self._require_open()
        url = URL(self.server + path, encoded=True).extend_query(params or {})
        target = {":method": "GET", ":scheme": url.scheme, ":authority": url.authority, ":path": url.raw_path_qs}
        own = {**self._headers, "Accept": accept}
        headers = [*target.items(), *((name.lower(), value) for name, value in own.items())]
        try:
            async with asyncio.timeout(self.deadlines.until_answer):
                return await self._shared.open(headers)
        except (OSError, ValueError) as error:
            raise connect_error(error, self.server) from error

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
                await self._refused(response.status, response.headers, response.content.readany)
            yield response
        finally:
            _let_go(response)

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

    async def _refused(self, status: int, headers: Mapping[str, str], read: Read) -> None:
        if 300 <= status < 400:
            target = (headers.get("location") or "nowhere").partition("?")[0]
            raise ConnectError("redirected", self.server, why=f"{status} to {target[:200]}")
        body = await self._body(read, MEBIBYTE)
        raise api_error(status, body, retry_after=headers.get("retry-after", ""))

    async def _body(self, read: Read, limit: int) -> bytes:
        pieces: list[bytes] = []
        size = 0
        try:
            while piece := await self._piece(read):
                size += len(piece)
                if size > limit:
                    raise ConnectError("too_large", self.server, why=f"more than {limit // MEBIBYTE} MiB")
                pieces.append(piece)
        except (aiohttp.ClientError, OSError) as error:
            raise connect_error(error, self.server) from error
        return b"".join(pieces)

    async def _piece(self, read: Read) -> bytes:
        patience = asyncio.timeout(self.deadlines.idle)
        try:
            async with patience:
                return await read()
        except TimeoutError as error:
            if patience.expired():
                raise Stalled from error
            raise

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

    def _require_open(self) -> None:
        if self._closed:
            raise ConnectError("dropped", self.server, why="the hub has closed this connection, for it has a newer one")

    def _open(self) -> aiohttp.ClientSession:
        self._require_open()
        if self._session is None:
            try:
                self._context = tls(self._credentials)
            except (ssl.SSLError, ValueError, OSError) as error:
                raise connect_error(error, self.server) from error
            self._session = aiohttp.ClientSession(
                connector=self._connector(),
                headers=self._headers,
                cookie_jar=aiohttp.DummyCookieJar(),
                skip_auto_headers=("Content-Type",),
            )
        return self._session

    def _connector(self) -> aiohttp.TCPConnector:
        options: dict[str, Any] = {"deadlines": self.deadlines, "limit": 0, "keepalive_timeout": KEPT}
        if self._dialer:
            return DialedConnector(self._dialer, **options)
        return GuardedConnector(private=self._private, ttl_dns_cache=10, **options)

    def _timeout(self, total: float | None) -> aiohttp.ClientTimeout:
        """Without `sock_read`: after a large answer it goes on in the pool, and breaks what is asked there next."""
        return aiohttp.ClientTimeout(total=total, sock_connect=self.deadlines.connect + self.deadlines.tls)


def _let_go(response: aiohttp.ClientResponse) -> None:
    if response.content.at_eof():
        response.release()
    else:  # the rest is not wanted, so the connection cannot be used again
        response.close()
