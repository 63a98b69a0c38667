"""The lines of a container's log: a pure function of the pod's uid, the container and the time."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, NamedTuple

Object = dict[str, Any]
STEP = 2.0
"""Seconds between two lines, about: each has a place of its own within its step."""
_PATHS = ("/", "/api/items", "/api/items/{n}", "/healthz", "/api/search?q=tea", "/metrics")
_LINES = (
    "INFO  GET {path} 200 {ms}ms",
    "INFO  GET {path} 200 {ms}ms",
    "INFO  POST /api/orders 201 {ms}ms order={n}",
    "DEBUG cache hit key=item:{n} age={ms}s",
    "WARN  slow query took {n}ms: SELECT * FROM items WHERE id = $1",
    "\x1b[32minfo\x1b[39m: worker {w} finished batch {n} with {ms} items",
    '{{"level":"info","msg":"request","path":"{path}","status":200,"duration_ms":{ms}}}',
    "ERROR upstream timed out after {n}ms, retrying (attempt {w}/5)",
)
_DEATHS = {
    "OOMKilled": ("WARN  heap usage above 90%, collecting", "WARN  heap usage above 98%, collecting"),
    "Error": (
        "ERROR cannot connect to the database: dial tcp 10.96.14.7:5432: connect: connection refused",
        "FATAL giving up after 5 attempts, exiting with code {code}",
    ),
}


class Line(NamedTuple):
    """`at` in seconds since the epoch."""

    at: float
    text: str

    def encode(self, *, timestamps: bool) -> bytes:
        moment = datetime.fromtimestamp(self.at, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f000Z ") if timestamps else ""
        return f"{moment}{self.text}\n".encode()


class Log:
    """The log of one run of a container, as far as its node keeps it: the newest `kept` lines."""

    def __init__(self, uid: str, container: str, state: Object, *, kept: int) -> None:
        self._name, self._kept = f"{uid}/{container}", kept
        self.started = seconds(state["startedAt"])
        self.ended = seconds(state["finishedAt"]) if "finishedAt" in state else math.inf
        words = _DEATHS.get(state.get("reason", ""), ())
        self._last = [Line(self.ended, text.format(code=state.get("exitCode"))) for text in words]

    def between(self, after: float, until: float, *, tail: int | None = None) -> Iterator[Line]:
        """The lines behind one moment up to another, or the last few of them."""
        after, end = max(after, self.started), min(until, self.ended)
        most = self._kept if tail is None else min(tail, self._kept)
        dying = [line for line in self._last if after < line.at <= until][-most or len(self._last) :]
        first, last = math.floor(after / STEP), math.floor(end / STEP)
        if self._line(last).at > end:
            last -= 1
        if self._line(first).at <= after:
            first += 1
        for step in range(max(first, last + 1 - most + len(dying)), last + 1):
            yield self._line(step)
        yield from dying

    def _line(self, step: int) -> Line:
        digest = hashlib.blake2b(f"{self._name}/{step}".encode(), digest_size=8).digest()
        path = _PATHS[digest[0] % len(_PATHS)]
        number = int.from_bytes(digest[1:3], "big")
        words = {"n": number, "ms": digest[3] % 90 + 1, "w": digest[4] % 5 + 1}
        text = _LINES[digest[5] % len(_LINES)].format(path=path.format(**words), **words)
        return Line((step + digest[6] / 256) * STEP, text)


def seconds(moment: str) -> float:
    """The seconds since the epoch of an RFC 3339 time; raises ValueError."""
    return datetime.fromisoformat(moment).timestamp()
