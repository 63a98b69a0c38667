"""Records arrive at real receivers: signed, in order, at least once, and none is left out when one fails."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import re
import ssl
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import psycopg
import pytest
import trustme

from basefly.core.audit.actions import record
from basefly.core.audit.chain import checkpoints
from basefly.core.audit.forwarding import sending
from basefly.core.audit.forwarding.forwarder import Forwarder
from tests.conftest import Urls
from tests.core.audit.chain.test_verifying import chain
from tests.people import Hub, Person


class Receiver:
    """A webhook: what it got, and what it answers."""

    def __init__(self) -> None:
        self.got: list[tuple[dict[str, str], bytes]] = []
        self.status = 204
        self.body = b""

    @property
    def seqs(self) -> list[int]:
        return [each["seq"] for _, body in self.got for each in json.loads(body)["records"]]


@contextmanager
def webhook() -> Iterator[tuple[Receiver, str]]:
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if receiver.status < 300:
                receiver.got.append((dict(self.headers), body))
            self.send_response(receiver.status)
            if 300 <= receiver.status < 400:
                self.send_header("Location", "/elsewhere")
            self.send_header("Content-Length", str(len(receiver.body)))
            self.end_headers()
            self.wfile.write(receiver.body)

        def log_message(self, *_: Any) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield receiver, f"http://127.0.0.1:{server.server_address[1]}/hook"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@asynccontextmanager
async def syslog(tls: ssl.SSLContext | None = None) -> AsyncIterator[tuple[list[bytes], int]]:
    got: list[bytes] = []

    async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        got.append(await reader.read())
        writer.close()

    async with await asyncio.start_server(take, "127.0.0.1", 0, ssl=tls) as server:
        yield got, server.sockets[0].getsockname()[1]


async def create(owner: Person, address: str, kind: str = "webhook", name: str = "SIEM") -> dict[str, Any]:
    answer = await owner.http.post("/api/v1/audit/streams", json={"name": name, "kind": kind, "address": address})
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


async def write(hub: Hub, person: Person, number: int) -> None:
    for place in range(number):
        async with hub.house.db.transaction(person.by.org_id) as tx:
            await record(tx, person.by, "thing.done", f"things/{place}", {"email": "someone@example.com"})
    await chain(hub.house, person.by.org_id, sign=False)


async def serve(hub: Hub, person: Person) -> None:
    await Forwarder(hub.house).serve(person.by.org_id)


async def stream(owner: Person) -> dict[str, Any]:
    (found,) = (await owner.http.get("/api/v1/audit/streams")).json()["items"]
    return dict(found)


def due_now(urls: Urls, change: str = "due_at = now()") -> None:
    with psycopg.connect(urls.superuser) as connection:
        connection.execute(f"update audit_streams set {change}")


class TestAWebhook:
    async def test_gets_records_signed_and_in_order(self, hub: Hub, owner: Person) -> None:
        with webhook() as (receiver, address):
            await chain(hub.house, owner.by.org_id)
            made = await create(owner, address)
            await write(hub, owner, 5)
            await serve(hub, owner)
            ((headers, body),) = receiver.got
        at, given = re.fullmatch(r"t=(\d+),v1=([0-9a-f]{64})", headers["Basefly-Signature"]).groups()  # type: ignore[union-attr]  # it matches or fails
        expected = hmac.new(made["secret"].encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()
        assert given == expected
        assert abs(int(at) - datetime.now().timestamp()) < 60  # noqa: DTZ005  # a timestamp has no zone
        told = json.loads(body)
        seqs = [each["seq"] for each in told["records"]]
        assert seqs == list(range(told["first"], told["last"] + 1))
        assert [each["detail"] for each in told["records"]][-1] == {"email": "someone@example.com"}
        assert (await stream(owner))["behind"] == 0
        outside = checkpoints.path(hub.house.settings, owner.by.org_id).read_text().splitlines()
        assert told["checkpoint"] == json.loads(outside[-1]), "the proof travels along"

    async def test_that_fails_misses_nothing(self, hub: Hub, owner: Person, urls: Urls) -> None:
        with webhook() as (receiver, address):
            await create(owner, address)
            await write(hub, owner, 3)
            receiver.status = 503
            await serve(hub, owner)
            failed = await stream(owner)
            assert (failed["failures"], failed["error"]) == (1, "The webhook answered 503.")
            await serve(hub, owner)
            assert (await stream(owner))["failures"] == 1, "it is left in peace for a while"
            receiver.status = 200
            await write(hub, owner, 2)
            due_now(urls)
            await serve(hub, owner)
            assert receiver.seqs == list(range(receiver.seqs[0], receiver.seqs[0] + len(receiver.seqs)))
            assert (await stream(owner))["failures"] == 0

    async def test_that_failed_for_a_day_stands_still_and_goes_on_from_there(
        self, hub: Hub, owner: Person, urls: Urls
    ) -> None:
        with webhook() as (receiver, address):
            made = await create(owner, address)
            await write(hub, owner, 3)
            receiver.status = 500
            await serve(hub, owner)
            due_now(urls, "due_at = now(), failing_since = now() - interval '25 hours'")
            await serve(hub, owner)
            assert (await stream(owner))["dead_at"]
            (stopped,) = (await owner.http.get("/api/v1/audit?act=audit.stream_stopped")).json()["items"]
            assert stopped["outcome"] == "failed"
            receiver.status = 200
            due_now(urls)
            await serve(hub, owner)
            assert receiver.got == []
            path = f"/api/v1/audit/streams/{made['stream']['id']}"
            assert (await owner.http.post(f"{path}/resumptions")).status_code == 201
            await serve(hub, owner)
            assert receiver.seqs[0] == made["stream"]["cursor"] + 1

    async def test_is_not_followed_elsewhere_and_not_read_for_ever(self, hub: Hub, owner: Person) -> None:
        with webhook() as (receiver, address):
            await create(owner, address)
            await write(hub, owner, 1)
            receiver.status, receiver.body = 307, b"x" * 10_000_000
            await serve(hub, owner)
            assert (await stream(owner))["error"] == "The webhook answered 307."

    async def test_never_hears_what_no_one_may_dial(self, hub: Hub, owner: Person) -> None:
        await create(owner, "http://169.254.169.254/latest")
        await write(hub, owner, 1)
        await serve(hub, owner)
        assert "credentials" in (await stream(owner))["error"]


class TestSyslog:
    async def test_gets_a_framed_line_a_record(self, hub: Hub, owner: Person) -> None:
        async with syslog() as (got, port):
            await create(owner, f"tcp://127.0.0.1:{port}", kind="syslog")
            await write(hub, owner, 3)
            await serve(hub, owner)
            await asyncio.sleep(0.05)
        (data,) = got
        messages: list[str] = []
        while data:
            length, _, data = data.partition(b" ")
            messages.append(data[: int(length)].decode())
            data = data[int(length) :]
        assert len(messages) >= 3
        for message in messages:
            head, _, text = message.partition("\ufeff")
            assert re.fullmatch(r"<10[89]>1 \d{4}-\d\d-\d\dT[\d:.]+Z basefly basefly - [a-z._]{1,32} - ", head)
            assert json.loads(text)["act"]
        assert (await stream(owner))["behind"] == 0

    async def test_over_tls_proves_who_it_is(
        self, hub: Hub, owner: Person, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, urls: Urls
    ) -> None:
        authority = trustme.CA()
        server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert("localhost").configure_cert(server)
        async with syslog(server) as (got, port):
            await create(owner, f"tls://localhost:{port}", kind="syslog")
            await write(hub, owner, 1)
            await serve(hub, owner)
            assert "CERTIFICATE_VERIFY_FAILED" in (await stream(owner))["error"]
            authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
            monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
            due_now(urls)
            await serve(hub, owner)
            assert (await stream(owner))["behind"] == 0
            assert b"thing.done" in got[-1]


class TestStreams:
    async def test_are_on_record_without_their_secret(self, owner: Person, urls: Urls) -> None:
        made = await create(owner, "https://siem.example.com/hook")
        await owner.http.delete(f"/api/v1/audit/streams/{made['stream']['id']}")
        acts = [each["act"] for each in (await owner.http.get("/api/v1/audit?act=audit")).json()["items"]]
        assert acts == ["audit.stream_deleted", "audit.stream_created"]
        with psycopg.connect(urls.superuser) as connection:
            rows = connection.execute("select s::text || r::text from audit_streams s, audit_records r").fetchall()
        assert rows
        assert not [row for (row,) in rows if made["secret"] in row]

    @pytest.mark.parametrize(
        ("kind", "address"),
        [
            ("webhook", "ftp://x"), ("webhook", "https://"), ("webhook", "https://a:b@x.example.com"),
            ("webhook", "tcp://x:1"), ("syslog", "tcp://x"), ("syslog", "https://x"), ("syslog", "tcp://x:notaport"),
        ],
    )  # fmt: skip
    async def test_to_nowhere_are_refused(self, owner: Person, kind: str, address: str) -> None:
        answer = await owner.http.post("/api/v1/audit/streams", json={"name": "x", "kind": kind, "address": address})
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["pointer"] == "/address"

    async def test_of_one_name_are_one(self, owner: Person) -> None:
        await create(owner, "https://a.example.com")
        body = {"name": "siem", "kind": "webhook", "address": "https://b.example.com"}
        assert (await owner.http.post("/api/v1/audit/streams", json=body)).status_code == 409

    async def test_are_not_for_a_reader(self, viewer: Person) -> None:
        body = {"name": "x", "kind": "webhook", "address": "https://b.example.com"}
        assert (await viewer.http.post("/api/v1/audit/streams", json=body)).status_code == 403
        assert (await viewer.http.get("/api/v1/audit/streams")).status_code == 403

    async def test_of_a_stranger_are_not_found(self, owner: Person, stranger: Person) -> None:
        made = await create(owner, "https://a.example.com")
        path = f"/api/v1/audit/streams/{made['stream']['id']}"
        assert (await stranger.http.post(f"{path}/resumptions")).status_code == 404
        assert (await stranger.http.delete(path)).status_code == 404
        assert (await stranger.http.get("/api/v1/audit/streams")).json()["items"] == []


def test_an_act_fits_into_its_field() -> None:
    assert sending.signature("s", b"{}", 1) != sending.signature("s", b"{}", 2)
