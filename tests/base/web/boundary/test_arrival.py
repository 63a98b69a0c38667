"""A request that is sent a byte at a time, over a raw socket."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Iterable
from urllib.parse import urlsplit

import msgspec
import pytest

from basefly.base.web.boundary import arrival
from tests.people import Hub, Person

SOON = 0.4  # seconds; what the tests take for the times of a body, and some for those of a head
PAUSE = SOON / 4  # between two bytes, so that one that waits anew after each would wait for ever
PATIENCE = 60 * PAUSE  # how long a test goes on sending at the least
FORM = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data; boundary=b"
JSON = "application/json"
CONNECTIONS = 6  # of the pool that the tests' hub has


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(arrival, "BODY", SOON)


@pytest.fixture
def in_haste(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(arrival, "HEAD", SOON)


class Wire:
    """A connection to the hub, byte by byte."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer
        self.told = ""

    async def send(self, text: str) -> None:
        with contextlib.suppress(ConnectionError):
            self._writer.write(text.encode())
            await self._writer.drain()

    async def trickle(self, pieces: Iterable[str] = "a" * 60) -> tuple[str, float]:
        """Send a piece now and then until the hub closes; what it said, and after how many seconds it closed."""
        began = time.monotonic()
        reading = asyncio.create_task(self.everything())
        for each in pieces:
            await self.send(each)
            await asyncio.wait([reading], timeout=PAUSE)
            if reading.done():
                break
        await asyncio.wait_for(reading, SOON * 25)
        return self.told, time.monotonic() - began

    async def everything(self) -> None:
        """Read until the hub closes, into `told`."""
        with contextlib.suppress(ConnectionError):  # cut while something of ours was on its way
            while piece := await self._reader.read(1000):
                self.told += piece.decode()

    async def answer(self) -> str:
        """The next answer, which tells its length."""
        head = (await self._reader.readuntil(b"\r\n\r\n")).decode()
        length = next((int(line[16:]) for line in head.lower().splitlines() if line.startswith("content-length: ")), 0)
        return head + (await self._reader.readexactly(length)).decode()


@contextlib.asynccontextmanager
async def wire(hub: Hub) -> AsyncIterator[Wire]:
    place = urlsplit(hub.url)
    reader, writer = await asyncio.open_connection(place.hostname, place.port)
    try:
        yield Wire(reader, writer)
    finally:
        writer.close()


def head(method: str, path: str, *, length: int = 1000, **headers: str) -> str:
    told = {"Host": "127.0.0.1", "Content-Length": str(length)}
    told |= {name.replace("_", "-"): value for name, value in headers.items()}
    return f"{method} {path} HTTP/1.1\r\n" + "".join(f"{k}: {v}\r\n" for k, v in told.items()) + "\r\n"


class TestBody:
    @pytest.mark.parametrize(
        ("path", "media"),
        [
            ("/api/v1/sessions", JSON),
            ("/sign-in", FORM),
            ("/sign-in", MULTIPART),
        ],
    )
    async def test_of_nobody_is_refused_once_its_time_is_over(self, hub: Hub, path: str, media: str) -> None:
        async with wire(hub) as connection:
            await connection.send(head("POST", path, Content_Type=media, Accept=JSON))
            told, seconds = await connection.trickle()
        assert told.startswith("HTTP/1.1 408 "), told
        assert SOON * 0.9 < seconds < PATIENCE
        assert "connection: close" in told.lower()
        problem = msgspec.json.decode(told.partition("\r\n\r\n")[2])
        assert problem["code"] == "late"
        assert problem["cure"]
        assert 'basefly_http_late_total{part="body"} ' in await hub.metrics()

    @pytest.mark.parametrize(
        ("path", "media"), [("/api/v1/tokens", JSON), ("/settings/tokens", FORM), ("/settings/tokens", MULTIPART)]
    )
    async def test_of_a_session_too_and_a_browser_gets_a_page(
        self, hub: Hub, owner: Person, path: str, media: str
    ) -> None:
        session = f"basefly={owner.secret}"
        async with wire(hub) as connection:
            await connection.send(head("POST", path, Content_Type=media, Cookie=session, Accept="text/html"))
            told, _ = await connection.trickle()
        assert told.startswith("HTTP/1.1 408 "), told
        assert "<!doctype html>" in told.lower()

    async def test_in_chunks_without_a_length_too(self, hub: Hub) -> None:
        opening = head("POST", "/api/v1/sessions", Content_Type=JSON, Transfer_Encoding="chunked")
        async with wire(hub) as connection:
            await connection.send(opening.replace("Content-Length: 1000\r\n", ""))
            told, _ = await connection.trickle("1\r\na\r\n" * 20)
        assert told.startswith("HTTP/1.1 408 "), told

    async def test_that_is_in_time_is_read_and_the_connection_goes_on(
        self, hub: Hub, owner: Person, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(arrival, "HEAD", 1.5)
        monkeypatch.setattr(arrival, "BODY", 10.0)
        async with wire(hub) as connection:
            for name in ("once", "twice"):
                body = f'{{"name": "{name}"}}'
                session = f"basefly={owner.secret}"
                await connection.send(
                    head("POST", "/api/v1/tokens", length=len(body), Content_Type=JSON, Cookie=session)
                )
                await connection.send(body[:5])
                await asyncio.sleep(SOON / 2)
                await connection.send(body[5:])
                assert (await connection.answer()).startswith("HTTP/1.1 201 ")
                await asyncio.sleep(2)  # longer than any head may take: nobody waits for one

    async def test_on_its_way_holds_no_connection_to_the_database(
        self, hub: Hub, owner: Person, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(arrival, "BODY", 60.0)
        token = (await owner.http.post("/api/v1/tokens", json={"name": "slow"})).json()["token"]
        async with contextlib.AsyncExitStack() as stack:
            for number in range(CONNECTIONS + 2):
                slow = await stack.enter_async_context(wire(hub))
                media = MULTIPART if number % 2 else FORM
                bearer = f"Bearer {token}"
                await slow.send(head("POST", "/cluster-labels", Content_Type=media, Authorization=bearer))
            await asyncio.sleep(1)
            async with asyncio.timeout(10), hub.house.db.transaction() as tx:
                assert await tx.one(int, "select 1") == 1

    async def test_whose_sender_goes_away_is_no_failure_of_ours(
        self, hub: Hub, owner: Person, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(arrival, "BODY", 60.0)
        token = (await owner.http.post("/api/v1/tokens", json={"name": "gone"})).json()["token"]
        for path, media in (("/cluster-labels", FORM), ("/api/v1/views", JSON)):
            async with wire(hub) as connection:
                await connection.send(head("POST", path, Content_Type=media, Authorization=f"Bearer {token}"))
                await asyncio.sleep(PAUSE)
        written = ""
        async with asyncio.timeout(30):
            while written.count("status=400") < 2:
                await asyncio.sleep(PAUSE)
                written += capfd.readouterr().out
        assert "a request failed" not in written

    async def test_that_nobody_reads_holds_the_connection_no_longer(self, hub: Hub) -> None:
        async with wire(hub) as connection:
            await connection.send(head("POST", "/api/v1/tokens", Content_Type=JSON))
            told, seconds = await connection.trickle()
        assert told.startswith("HTTP/1.1 401 "), told
        assert SOON * 0.9 < seconds < PATIENCE
        assert 'basefly_http_late_total{part="rest"} ' in await hub.metrics()


@pytest.mark.usefixtures("in_haste")
class TestHead:
    @pytest.mark.parametrize("opening", ["", "GET /", "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: "])
    async def test_that_does_not_come_closes_the_connection(self, hub: Hub, opening: str) -> None:
        async with wire(hub) as connection:
            await connection.send(opening)
            told, seconds = await connection.trickle("" if not opening else "a" * 60)
        assert told == ""
        assert SOON * 0.9 < seconds < PATIENCE
        assert 'basefly_http_late_total{part="head"} ' in await hub.metrics()

    @pytest.mark.parametrize("opening", ["\r\n", "GET / HTTP/1.1\r\nX-Slow: "])
    async def test_of_a_second_request_neither(self, hub: Hub, opening: str) -> None:
        async with wire(hub) as connection:
            await connection.send(head("GET", "/health/live", length=0))
            assert (await connection.answer()).startswith("HTTP/1.1 200 ")
            told, seconds = await connection.trickle(opening * 60 if not opening.strip() else opening + "a" * 60)
        assert told == ""
        assert seconds < PATIENCE

    async def test_that_hurries_before_the_answer_to_the_first_neither(self, hub: Hub) -> None:
        async with wire(hub) as connection:
            await connection.send(head("GET", "/sign-in", length=0) + "GET / HTTP/1.1\r\nX-Slow: ")
            told, seconds = await connection.trickle()
        assert told.startswith("HTTP/1.1 200 ")
        assert seconds < PATIENCE

    async def test_that_has_no_end_is_not_kept(self, hub: Hub) -> None:
        async with wire(hub) as connection:
            await connection.send("GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Long: ")
            await asyncio.sleep(SOON / 4)
            told, _ = await connection.trickle(["a" * 50_000] * 4)
        assert told.startswith("HTTP/1.1 400 "), told
        assert "64 KiB" in told


class TestStreams:
    async def test_go_on(self, hub: Hub, owner: Person) -> None:
        async with wire(hub) as connection:
            await connection.send(head("GET", "/live?topic=*", length=0, Cookie=f"basefly={owner.secret}"))
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(SOON * 5):
                    await connection.everything()
            assert connection.told.startswith("HTTP/1.1 200 ")
            assert "text/event-stream" in connection.told


class TestTrailers:
    async def test_are_no_headers(self, hub: Hub) -> None:
        opening = head("POST", "/api/v1/sessions", Content_Type=JSON, Transfer_Encoding="chunked", Connection="close")
        opening = opening.replace("Content-Length: 1000\r\n", "")
        async with wire(hub) as connection:
            await connection.send(f"{opening}2\r\n{{}}\r\n0\r\nX-Request-ID: from-a-trailer\r\n\r\n")
            await connection.everything()
        assert connection.told.startswith("HTTP/1.1 422 "), connection.told
        assert "from-a-trailer" not in connection.told
