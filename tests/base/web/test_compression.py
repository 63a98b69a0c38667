"""Pages go out compressed to whoever takes it, and their size tells nothing of the token in their forms."""

from __future__ import annotations

import gzip
import re

import pytest

from basefly.base.web.compression import Headers, compressed, wanted
from tests.people import Hub, Person

PAGE: Headers = [(b"content-type", b"text/html; charset=utf-8")]


def asked(accepted: str) -> Headers:
    return [(b"accept-encoding", accepted.encode())]


@pytest.mark.parametrize("accepted", ["gzip", "br, GZIP;q=0.5", "gzip, deflate, br, zstd"])
def test_a_page_is_compressed_for_whoever_takes_it(accepted: str) -> None:
    assert wanted(asked(accepted), PAGE)


@pytest.mark.parametrize("accepted", ["", "br", "identity", "gzip;q=0", "gzip; q=0.0"])
def test_nobody_gets_what_they_do_not_take(accepted: str) -> None:
    assert not wanted(asked(accepted), PAGE)


@pytest.mark.parametrize("kind", [b"application/json", b"text/event-stream", b"image/svg+xml"])
def test_data_and_streams_stay_as_they_are(kind: bytes) -> None:
    assert not wanted(asked("gzip"), [(b"content-type", kind)])


def test_what_is_compressed_already_is_left_alone() -> None:
    assert not wanted(asked("gzip"), [*PAGE, (b"Content-Encoding", b"br")])


def test_headers_tell_the_new_length_and_the_old_one_is_gone() -> None:
    body = b"<p>pods</p>" * 500
    headers, small = compressed([*PAGE, (b"Content-Length", b"5500")], body)
    assert gzip.decompress(small) == body
    assert [value for name, value in headers if name.lower() == b"content-length"] == [str(len(small)).encode()]


def test_what_is_small_already_is_not_worth_it() -> None:
    assert compressed(PAGE, b"<p>pods</p>") == (PAGE, b"<p>pods</p>")


async def test_a_page_arrives_whole_and_much_smaller(owner: Person) -> None:
    async with owner.http.stream("GET", "/gallery", headers={"Accept-Encoding": "gzip"}) as answer:
        raw = b"".join([part async for part in answer.aiter_raw()])
    plain = await owner.http.get("/gallery", headers={"Accept-Encoding": "identity"})
    assert answer.headers["content-encoding"] == "gzip"
    assert int(answer.headers["content-length"]) == len(raw) < len(plain.content) / 3
    assert "</html>" in gzip.decompress(raw).decode()
    assert "content-encoding" not in plain.headers
    assert "Accept-Encoding" in plain.headers["vary"]


async def test_the_token_of_a_form_looks_different_each_time(owner: Person) -> None:
    pages = [(await owner.http.get("/settings")).text for _ in range(2)]
    tokens = [re.findall(r'name="csrf" value="([^"]+)"', page)[0] for page in pages]
    assert tokens[0] != tokens[1]


async def test_head_has_no_body_and_no_coding(hub: Hub) -> None:
    async with hub.browser() as http:
        answer = await http.head("/sign-in", headers={"Accept-Encoding": "gzip"})
    assert answer.status_code in (200, 303)
    assert answer.content == b""
