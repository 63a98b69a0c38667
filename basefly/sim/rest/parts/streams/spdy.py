"""SPDY/3.1 as far as port-forwarding needs it: frames in a flow of bytes, and the compressed headers of streams."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from typing import NamedTuple

DATA, SYN_STREAM, SYN_REPLY, RST_STREAM, PING, GOAWAY, HEADERS = 0, 1, 2, 3, 6, 7, 8
FIN = 1
_HEAD = 8
_VERSION = 0x8003
_MOST = 1 << 20
"""The longest header block that is unpacked."""
_WORDS = (
    "options head post put delete trace accept accept-charset accept-encoding accept-language accept-ranges age allow "
    "authorization cache-control connection content-base content-encoding content-language content-length "
    "content-location content-md5 content-range content-type date etag expect expires from host if-match "
    "if-modified-since if-none-match if-range if-unmodified-since last-modified location max-forwards pragma "
    "proxy-authenticate proxy-authorization range referer retry-after server te trailer transfer-encoding upgrade "
    "user-agent vary via warning www-authenticate method get status 200_OK version HTTP/1.1 url public set-cookie "
    "keep-alive origin"
).split()
_REST = (
    "100101201202205206300302303304305306307402405406407408409410411412413414415416417502504505203 Non-Authoritative "
    "Information204 No Content301 Moved Permanently400 Bad Request401 Unauthorized403 Forbidden404 Not Found500 "
    "Internal Server Error501 Not Implemented503 Service UnavailableJan Feb Mar Apr May Jun Jul Aug Sept Oct Nov Dec "
    "00:00:00 Mon, Tue, Wed, Thu, Fri, Sat, Sun, GMTchunked,text/html,image/png,image/jpg,image/gif,application/xml,"
    "application/xhtml+xml,text/plain,text/javascript,publicprivatemax-age=gzip,deflate,sdchcharset=utf-8charset="
    "iso-8859-1,utf-,*,enq=0."
)
DICTIONARY = b"".join(struct.pack(">I", len(word)) + word.replace("_", " ").encode() for word in _WORDS)
DICTIONARY += _REST.encode()
"""The bytes that both sides' zlib has seen before the first header (draft-mbelshe-httpbis-spdy-00, 2.6.10.1)."""


class Frame(NamedTuple):
    """`kind` is DATA or the type of a control frame; `stream` is 0 where none is meant."""

    kind: int
    stream: int
    flags: int
    payload: bytes
    headers: dict[str, str]

    @property
    def ends(self) -> bool:
        return bool(self.flags & FIN)


class Framer:
    """Both directions of one connection: header compression remembers what went before."""

    def __init__(self) -> None:
        self._held = bytearray()
        self._unpack = zlib.decompressobj(zdict=DICTIONARY)
        self._pack = zlib.compressobj(zdict=DICTIONARY)

    def feed(self, data: bytes) -> Iterator[Frame]:
        """The frames that are whole now; bytes of the next one are kept."""
        self._held += data
        while len(self._held) >= _HEAD:
            end = _HEAD + int.from_bytes(self._held[5:8], "big")
            if len(self._held) < end:
                return
            head, payload = bytes(self._held[:_HEAD]), bytes(self._held[_HEAD:end])
            del self._held[:end]
            yield self._frame(head, payload)

    def _frame(self, head: bytes, payload: bytes) -> Frame:
        first, flags = int.from_bytes(head[:4], "big"), head[4]
        if not first >> 31:
            return Frame(DATA, first, flags, payload, {})
        kind = first & 0xFFFF
        stream = int.from_bytes(payload[:4], "big") & 0x7FFFFFFF
        start = {SYN_STREAM: 10, HEADERS: 4}.get(kind)
        headers = self._headers(payload[start:]) if start else {}
        return Frame(kind, stream, flags, payload, headers)

    def _headers(self, block: bytes) -> dict[str, str]:
        text = self._unpack.decompress(block, _MOST)
        words, position = [], 4
        while position < len(text):
            length = int.from_bytes(text[position : position + 4], "big")
            words.append(text[position + 4 : position + 4 + length].decode())
            position += 4 + length
        return dict(zip(words[::2], words[1::2], strict=True))

    def reply(self, stream: int) -> bytes:
        """A SYN_REPLY without headers."""
        block = self._pack.compress(struct.pack(">I", 0)) + self._pack.flush(zlib.Z_SYNC_FLUSH)
        return control(SYN_REPLY, struct.pack(">I", stream) + block)


def control(kind: int, payload: bytes) -> bytes:
    return struct.pack(">HHI", _VERSION, kind, len(payload)) + payload


def data(stream: int, payload: bytes, *, ends: bool = False) -> bytes:
    return struct.pack(">II", stream, (FIN if ends else 0) << 24 | len(payload)) + payload
