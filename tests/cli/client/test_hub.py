"""What the hub's answers, and those of others, become on the command line."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from basefly.cli.client.hub import Hub
from basefly.cli.exits import Exit, Failure

PROBLEM = "application/problem+json"
Answer = tuple[int, dict[str, str], bytes]


class Stub:
    """A server that answers as it is told, and remembers what it was asked."""

    def __init__(self) -> None:
        self.answer: Callable[[str], Answer] = lambda _path: (200, {"Content-Type": "application/json"}, b"{}")
        self.asked: list[tuple[str, str, dict[str, str]]] = []
        self.url = ""

    def says(self, status: int, body: Any, media: str = PROBLEM, **headers: str) -> None:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        given = {"Content-Type": media, **{name.replace("_", "-"): value for name, value in headers.items()}}
        self.answer = lambda _path: (status, given, content)


@pytest.fixture
def stub() -> Iterator[Stub]:
    stub = Stub()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            stub.asked.append((self.command, self.path, dict(self.headers)))
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            status, headers, body = stub.answer(self.path)
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def do_POST(self) -> None:
            self.do_GET()

        def do_DELETE(self) -> None:
            self.do_GET()

        def log_message(self, *_: Any) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    stub.url = f"http://127.0.0.1:{server.server_port}"
    yield stub
    server.shutdown()
    server.server_close()


def failure(stub: Stub, token: str = "t") -> Failure:
    with Hub(stub.url, token) as hub, pytest.raises(Failure) as caught:
        hub.get("/clusters")
    return caught.value


class TestProblems:
    @pytest.mark.parametrize(
        ("status", "exit_code"),
        [(403, Exit.DENIED), (404, Exit.NOT_FOUND), (409, Exit.ERROR), (422, Exit.USAGE), (500, Exit.ERROR)],
    )
    def test_what_is_wrong_and_the_cure(self, stub: Stub, status: int, exit_code: Exit) -> None:
        stub.says(status, {"detail": "It is wrong.", "cure": "Mend it.", "code": "odd"})
        told = failure(stub)
        assert (told.what, told.cure, told.code, told.exit_code) == ("It is wrong.", "Mend it.", "odd", exit_code)

    def test_each_wrong_field_and_each_failed_check_is_a_note_unless_it_was_said(self, stub: Stub) -> None:
        errors = [{"pointer": "/name", "detail": "too long"}, {"pointer": "/x", "detail": "It is wrong."}]
        checks = [{"name": "rights", "ok": False, "detail": "none"}, {"name": "address", "ok": True, "detail": "fine"}]
        stub.says(422, {"detail": "It is wrong.", "errors": errors, "checks": checks})
        assert failure(stub).notes == ("/name: too long", "rights: none")

    def test_a_sign_in_that_ended_differs_from_none(self, stub: Stub) -> None:
        stub.says(401, {"detail": "Nobody is signed in."})
        assert failure(stub).what == "The hub no longer accepts your sign-in."
        assert failure(stub, token="").what == "You are not signed in."
        assert failure(stub).cure == f"basefly login {stub.url}"
        assert failure(stub).exit_code is Exit.NOT_SIGNED_IN

    def test_a_failure_of_the_hub_names_the_request(self, stub: Stub) -> None:
        stub.says(500, {"title": "Something went wrong in the hub"}, X_Request_ID="r-1")
        assert failure(stub).notes == ("Request r-1; the hub's log says more under this name.",)


class TestStrangers:
    """Something answers, and it is not the hub."""

    @pytest.mark.parametrize(
        ("status", "body", "headers", "why"),
        [
            (200, b"<html>", {}, "what answers there is not Basefly"),
            (404, b"<html>", {}, "has no such API"),
            (502, b"<html>", {}, "something on the way says 502"),
            (302, b"", {"Location": "https://sso.example.com"}, "leads elsewhere (https://sso.example.com)"),
        ],
    )
    def test_it_is_not_taken_for_the_hub(self, stub: Stub, status: int, body: bytes, headers: Any, why: str) -> None:
        stub.says(status, body, "text/html", **headers)
        told = failure(stub)
        assert why in told.what
        assert told.exit_code is Exit.UNREACHABLE

    def test_odd_problems_do_no_harm(self, stub: Stub) -> None:
        for body in (b"[1]", b"{", b'"x"'):
            stub.says(400, body)
            assert failure(stub).what == "The hub answered 400."

    def test_a_redirect_is_never_followed_with_the_token(self, stub: Stub) -> None:
        stub.says(307, b"", Location=f"{stub.url}/elsewhere")
        failure(stub)
        assert [path for _, path, _ in stub.asked] == ["/api/v1/clusters"]

    def test_a_name_that_is_not_known(self) -> None:
        with Hub("http://nowhere.invalid") as hub, pytest.raises(Failure, match="name of the host") as caught:
            hub.get("/me")
        assert caught.value.exit_code is Exit.UNREACHABLE
        assert "Check the address and the network" in caught.value.cure


class TestRequests:
    def test_who_asks_is_in_the_header(self, stub: Stub) -> None:
        with Hub(stub.url, "secret") as hub:
            hub.get("/me", {"a": ["x", "y"], "b": True})
        _, path, headers = stub.asked[0]
        assert path == "/api/v1/me?a=x&a=y&b=true"
        assert headers["Authorization"] == "Bearer secret"
        assert headers["User-Agent"].startswith("basefly/")

    def test_no_proxy_stands_between_us_and_this_machine(self, stub: Stub, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
        with Hub(stub.url) as hub:
            assert hub.get("/me") == {}

    def test_pages_follow_their_cursors(self, stub: Stub) -> None:
        pages = {"": {"n": 1, "next": "a&b"}, "a%26b": {"n": 2, "next": None}}
        stub.answer = lambda path: (200, {}, json.dumps(pages[path.partition("cursor=")[2]]).encode())
        with Hub(stub.url) as hub:
            assert [page["n"] for page in hub.pages("/objects/pods", {"limit": 1})] == [1, 2]

    def test_nothing_comes_back_from_a_removal(self, stub: Stub) -> None:
        stub.says(204, b"")
        with Hub(stub.url) as hub:
            hub.delete("/clusters/1")
            assert hub.post("/clusters/1/restorations") is None


class TestChanges:
    def test_topics_resets_and_signs_of_life(self, stub: Stub) -> None:
        stream = (
            b"retry: 2000\n\nevent: reset\ndata: {}\n\n: alive\n\n"
            b'id: 2\nevent: changed\ndata: ["inventory/1/pods",\ndata: "clusters/1"]\n\nevent: other\ndata: 1\n\n'
        )
        stub.says(200, stream, "text/event-stream")
        with Hub(stub.url, "t") as hub:
            assert list(hub.changes(["inventory/*/pods", "clusters/*"])) == [[], ["inventory/1/pods", "clusters/1"]]
        assert stub.asked[0][1] == "/api/v1/changes?topic=inventory%2F%2A%2Fpods&topic=clusters%2F%2A"

    def test_a_refusal_is_told(self, stub: Stub) -> None:
        stub.says(401, {})
        with Hub(stub.url, "t") as hub, pytest.raises(Failure) as caught:
            list(hub.changes(["x"]))
        assert caught.value.exit_code is Exit.NOT_SIGNED_IN

    def test_nobody_there_is_told(self) -> None:
        with Hub("http://127.0.0.1:1", "t") as hub, pytest.raises(Failure) as caught:
            list(hub.changes(["x"]))
        assert caught.value.exit_code is Exit.UNREACHABLE
