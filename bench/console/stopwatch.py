"""How soon the hub answers and how much it sends: one connection that is kept, as a browser keeps it."""

from __future__ import annotations

import http.client
import time
from collections.abc import Mapping, Sequence


class Gone(Exception):
    """A page is not there (any more): what lives, dies."""


WARM = 3  # requests that are not counted


def first_bytes(port: int, path: str, headers: Mapping[str, str], count: int) -> tuple[float, list[float]]:
    """Milliseconds until the answer begins: of the very first, which nothing was kept for, and of later ones, sorted.

    Raises Gone for an answer that is not 200.
    """
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    first, taken = 0.0, []
    for number in range(count + WARM):
        begun = time.perf_counter()
        connection.request("GET", path, headers=dict(headers))
        answer = connection.getresponse()
        waited = (time.perf_counter() - begun) * 1000
        if number == 0:
            first = waited
        elif number >= WARM:
            taken.append(waited)
        answer.read()
        if answer.status != 200:
            raise Gone(f"{path} answered {answer.status}")
    connection.close()
    return first, sorted(taken)


def size(port: int, path: str, headers: Mapping[str, str], coding: str) -> int:
    """Bytes of the answer's body for a browser that takes only this coding."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request("GET", path, headers={**headers, "Accept-Encoding": coding})
    body = connection.getresponse().read()
    connection.close()
    return len(body)


def percentile(ordered: Sequence[float], share: float) -> float:
    """The smallest that `share` of them do not exceed (nearest rank)."""
    return ordered[max(0, -(-int(share * 100) * len(ordered) // 100) - 1)]
