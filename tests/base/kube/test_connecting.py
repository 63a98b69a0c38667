"""Each way in which a server cannot be connected to has its own kind, its sentence and its cure."""

from __future__ import annotations

import asyncio
import gzip
import json
import socket
import ssl
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
import trustme

from basefly.base.kube.client import Client
from basefly.base.kube.credentials import Credentials
from basefly.base.kube.errors import (
    ApiError,
    BadRequest,
    Conflict,
    ConnectError,
    Forbidden,
    Gone,
    NotFound,
    ServerError,
    TooManyRequests,
    Unauthorized,
)
from basefly.base.secret import Secret
from tests.base.kube.apiserver import AUTHORITY, FAST, Answer, Apiserver, Asked, credentials, status, tls


async def version(asked: Asked, out: Answer) -> None:
    await out.json({"gitVersion": "v1.36.2"})


async def _refuse(code: int, reason: str, asked: Asked, out: Answer) -> None:
    await out.status(code, reason, "in so many words")


async def failure(given: Credentials, *, private: bool = True) -> ConnectError:
    """The error of asking for the version."""
    async with Client(given, deadlines=FAST, private=private) as client:
        with pytest.raises(ConnectError) as caught:
            await client.get_json("/version")
    assert caught.value.cure
    assert given.server in caught.value.detail
    return caught.value


@asynccontextmanager
async def listening(
    speak: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]],
) -> AsyncIterator[str]:
    """A bare TCP server; yields an https address of it."""
    tasks: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        await speak(reader, writer)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
        for task in tasks:
            task.cancel()


class TestTheAddress:
    async def test_nobody_listens(self) -> None:
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            error = await failure(credentials(f"https://127.0.0.1:{taken.getsockname()[1]}"))
        assert error.kind == "refused"

    async def test_the_name_has_no_address(self) -> None:
        assert (await failure(credentials("https://no-such-host.invalid:6443"))).kind == "dns"

    async def test_it_accepts_and_stays_silent(self) -> None:
        async with listening(lambda _reader, _writer: asyncio.sleep(60)) as server:
            began = time.monotonic()
            error = await failure(credentials(server))
        assert error.kind in ("timeout", "tls")
        assert time.monotonic() - began < 2.5

    async def test_it_takes_the_request_and_never_answers(self) -> None:
        async with Apiserver.start(lambda _asked, out: out.silence()) as server:
            assert (await failure(credentials(server.url))).kind in ("timeout", "stalled")

    async def test_it_answers_one_byte_at_a_time(self) -> None:
        async def drip(asked: Asked, out: Answer) -> None:
            await out.raw(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
            for _ in range(1000):
                await out.raw(b"1")
                await asyncio.sleep(0.1)

        async with Apiserver.start(drip) as server:
            began = time.monotonic()
            assert (await failure(credentials(server.url))).kind == "timeout"
        assert time.monotonic() - began < FAST.total + 0.5

    async def test_it_stops_in_the_middle_of_an_answer(self) -> None:
        async def stop(asked: Asked, out: Answer) -> None:
            await out.raw(b'HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{"git')
            await out.silence()

        async with Apiserver.start(stop) as server:
            assert (await failure(credentials(server.url))).kind == "stalled"

    async def test_a_connection_that_waits_for_what_is_asked_next_is_not_stalled(self) -> None:
        async def answer(asked: Asked, out: Answer) -> None:
            body = gzip.compress(json.dumps({"text": "x" * 2**20}).encode())  # so much that reading pauses in between
            head = f"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {len(body)}\r\n\r\n"
            await out.raw(head.encode() + body)

        async with Apiserver.start(answer) as server, server.client() as client:
            await client.get_json("/")
            await asyncio.sleep(2 * FAST.idle)
            await client.get_json("/")
            assert server.connections == 1

    async def test_it_breaks_off_in_the_middle_of_an_answer(self) -> None:
        async def cut(asked: Asked, out: Answer) -> None:
            await out.raw(b'HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{"git')
            out.cut()

        async with Apiserver.start(cut) as server:
            assert (await failure(credentials(server.url))).kind == "dropped"

    async def test_a_private_address_is_refused_before_a_byte_is_sent(self) -> None:
        came = asyncio.Event()

        async def note(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            came.set()

        async with listening(note) as server:
            for address in (
                server,
                server.replace("127.0.0.1", "localhost"),
                server.replace("127.0.0.1", "[::ffff:127.0.0.1]"),
            ):
                error = await failure(credentials(address), private=False)
                assert error.kind == "address_refused", error
                assert "BASEFLY_PRIVATE_CLUSTERS" in error.cure
            await asyncio.sleep(0.05)
        assert not came.is_set()

    async def test_a_metadata_service_is_refused_even_where_private_addresses_are_not(self) -> None:
        error = await failure(credentials("https://169.254.169.254"), private=True)
        assert error.kind == "address_refused"


class TestTheCertificate:
    async def test_another_authority_signed_it(self) -> None:
        async with Apiserver.start(version, context=tls(trustme.CA())) as server:
            assert (await failure(credentials(server.url))).kind == "wrong_ca"

    async def test_it_has_expired(self) -> None:
        yesterday = datetime.now(UTC) - timedelta(days=1)
        context = tls(not_before=yesterday - timedelta(days=1), not_after=yesterday)
        async with Apiserver.start(version, context=context) as server:
            assert (await failure(credentials(server.url))).kind == "certificate_expired"

    async def test_it_is_not_valid_yet(self) -> None:
        tomorrow = datetime.now(UTC) + timedelta(days=1)
        context = tls(not_before=tomorrow, not_after=tomorrow + timedelta(days=1))
        async with Apiserver.start(version, context=context) as server:
            assert (await failure(credentials(server.url))).kind == "certificate_not_yet_valid"

    async def test_it_is_for_another_name(self) -> None:
        async with Apiserver.start(version, context=tls(AUTHORITY, "kubernetes.example")) as server:
            assert (await failure(credentials(server.url))).kind == "wrong_host"
            async with Client(credentials(server.url, tls_server_name="kubernetes.example")) as client:
                assert await client.get_json("/version") == {"gitVersion": "v1.36.2"}

    async def test_there_is_none_for_it_speaks_plain_http(self) -> None:
        async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(b"HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n")
            await writer.drain()

        async with listening(speak) as server:
            assert (await failure(credentials(server))).kind == "not_tls"

    async def test_it_speaks_only_what_is_too_old(self) -> None:
        async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.read(100)
            writer.write(b"\x15\x03\x01\x00\x02\x02\x46")  # alert: fatal, protocol_version (RFC 8446, 6.2)
            await writer.drain()

        async with listening(speak) as server:
            assert (await failure(credentials(server))).kind == "tls_too_old"

    async def test_it_wants_a_client_certificate(self) -> None:
        context = tls()
        context.verify_mode = ssl.CERT_REQUIRED
        AUTHORITY.configure_trust(context)
        mine = AUTHORITY.issue_cert("robot@example.com")
        key, chain = (mine.private_key_pem.bytes().decode(), mine.cert_chain_pems[0].bytes().decode())
        async with Apiserver.start(version, context=context) as server:
            assert (await failure(credentials(server.url))).kind in ("client_certificate", "dropped")
            given = credentials(server.url, certificate=chain, key=Secret(key))
            async with Client(given, deadlines=FAST) as client:
                assert await client.get_json("/version") == {"gitVersion": "v1.36.2"}


class TestWhatAnswers:
    async def test_a_login_page_elsewhere_gets_no_credentials(self) -> None:
        async with Apiserver.start(version) as elsewhere:

            async def redirect(asked: Asked, out: Answer) -> None:
                await out.whole(b"", 302, Location=f"{elsewhere.url}/login?token=1")

            async with Apiserver.start(redirect) as server:
                error = await failure(credentials(server.url))
            assert error.kind == "redirected"
            assert "token=1" not in error.detail
            assert elsewhere.asked == []

    async def test_a_web_page(self) -> None:
        async with Apiserver.start(lambda _asked, out: out.whole(b"<html>Welcome</html>")) as server:
            assert (await failure(credentials(server.url))).kind == "not_kubernetes"

    async def test_no_http(self) -> None:
        async with Apiserver.start(lambda _asked, out: out.raw(b"SSH-2.0-OpenSSH_9.2\r\n\r\n")) as server:
            assert (await failure(credentials(server.url))).kind == "not_kubernetes"

    async def test_json_too_deep_for_anyone(self) -> None:
        deep = b"[" * 100_000 + b"]" * 100_000
        async with Apiserver.start(lambda _asked, out: out.whole(deep)) as server:
            assert (await failure(credentials(server.url))).kind == "not_kubernetes"

    async def test_a_bomb_of_gzip(self) -> None:
        bomb = gzip.compress(b" " * (100 * 2**20))
        async with Apiserver.start(lambda _asked, out: out.whole(bomb, Content_Encoding="gzip")) as server:
            assert (await failure(credentials(server.url))).kind == "too_large"

    async def test_an_answer_beyond_the_limit(self) -> None:
        async with (
            Apiserver.start(lambda _asked, out: out.whole(b" " * 3_000_000)) as server,
            server.client() as client,
        ):
            with pytest.raises(ConnectError, match="too large"):
                await client.get_bytes("/big", limit=2 * 2**20)
            assert len(await client.get_bytes("/big", limit=4 * 2**20)) == 3_000_000

    @pytest.mark.parametrize(
        ("code", "reason", "kind"),
        [
            (400, "BadRequest", BadRequest), (401, "Unauthorized", Unauthorized), (403, "Forbidden", Forbidden),
            (404, "NotFound", NotFound), (409, "Conflict", Conflict), (410, "Expired", Gone),
            (422, "Invalid", BadRequest), (429, "TooManyRequests", TooManyRequests),
            (500, "InternalError", ServerError), (503, "ServiceUnavailable", ServerError),
            (504, "Timeout", ServerError), (418, "Teapot", ApiError),
        ],
    )  # fmt: skip
    async def test_a_refusal_keeps_the_clusters_words(self, code: int, reason: str, kind: type[ApiError]) -> None:
        refuse = partial(_refuse, code, reason)
        async with Apiserver.start(refuse) as server, server.client() as client:
            with pytest.raises(ApiError, match="in so many words") as caught:
                await client.get_json("/api/v1/pods")
        assert type(caught.value) is kind
        assert (caught.value.http_status, caught.value.reason) == (code, reason)
        assert caught.value.status != 401  # a cluster's 401 must not sign anyone out of the hub

    @pytest.mark.parametrize(("header", "seconds"), [("7", 7), ("soon", 0), ("-1", 0)])
    async def test_retry_after_is_read(self, header: str, seconds: float) -> None:
        async def busy(asked: Asked, out: Answer) -> None:
            await out.json(status(429, "TooManyRequests"), 429, Retry_After=header)

        async with Apiserver.start(busy) as server, server.client() as client:
            with pytest.raises(TooManyRequests) as caught:
                await client.get_json("/api")
        assert caught.value.retry_after == seconds

    async def test_the_request_says_who_asks_and_nothing_else(self) -> None:
        async with Apiserver.start(version) as server, server.client() as client:
            await client.get_json("/version")
        headers = server.asked[0].headers
        assert headers["authorization"] == "Bearer token-of-the-test"
        assert headers["user-agent"].startswith("basefly/")
        assert headers.keys() == {"host", "authorization", "user-agent", "accept", "accept-encoding"}

    async def test_a_closed_client_begins_nothing(self) -> None:
        async with Apiserver.start(version) as server:
            client = server.client()
            await client.get_json("/version")
            await client.close()
            with pytest.raises(ConnectError):
                await client.get_json("/version")
            assert len(server.asked) == 1


def test_no_secret_shows_itself() -> None:
    given = credentials("https://10.0.0.1", key=Secret("-----BEGIN KEY-----"))
    assert "token-of-the-test" not in repr(given)
    assert "BEGIN KEY" not in f"{given} {given.token} {given.key!r}"
