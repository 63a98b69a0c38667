"""Pages go out compressed, where the browser takes it; files are stored so, streams and data stay as they are."""

from __future__ import annotations

import zlib

Headers = list[tuple[bytes, bytes]]

LEAST = 1024  # bytes: less fits into the packet of the headers
LEVEL = 5  # a page of 60 KB in a millisecond, a tenth larger than the slowest level would make it
_GZIP = 31  # zlib's window of 32 KB, in gzip's frame


def wanted(asked: Headers, answer: Headers) -> bool:
    """Whether the browser takes gzip, and the answer is a page that has not been compressed.

    Forms on a page carry a token that looks different each time, so that its size tells nothing of it (BREACH).
    """
    told = {name.lower(): value for name, value in answer}
    accepted = b",".join(value for name, value in asked if name == b"accept-encoding")
    coding = [part.strip().partition(b";") for part in accepted.lower().split(b",")]
    takes = any(
        name.strip() == b"gzip" and weight.replace(b" ", b"") not in (b"q=0", b"q=0.0") for name, _, weight in coding
    )
    return takes and told.get(b"content-type", b"").startswith(b"text/html") and b"content-encoding" not in told


def compressed(answer: Headers, body: bytes) -> tuple[Headers, bytes]:
    """The headers and the body, smaller if that is worth it."""
    if len(body) < LEAST:
        return answer, body
    small = zlib.compress(body, LEVEL, _GZIP)
    kept = [(name, value) for name, value in answer if name.lower() != b"content-length"]
    return [*kept, (b"content-encoding", b"gzip"), (b"content-length", str(len(small)).encode())], small
