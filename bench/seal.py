"""`seal`: a million requests with hostile headers, and whether any would leave without saying for whom.

What leaves is judged by a parser of the bench's own, which shares nothing with the gateway's.
"""

from __future__ import annotations

import io
import random
import time
from collections.abc import Mapping, Sequence

import h11
import msgspec
from rich.console import Console

from basefly.base.errors import BaseflyError
from basefly.core.gateway import impersonation
from basefly.core.gateway.model import Identity
from bench.report import Bar, Run, bars_table

COUNT, QUICK = 1_000_000, 20_000
SEED = 20261129
NAMES = (
    b"Authorization Cookie Impersonate-User Impersonate-Group Impersonate-Uid Impersonate-Extra-a Impersonate_User "
    b"IMPERSONATE-GROUP X-Remote-User X-Remote-Group X_Remote_User X-Forwarded-For Forwarded Via Proxy-Authorization "
    b"Accept Accept-Encoding Content-Type Content-Length User-Agent Connection Keep-Alive TE Trailer Upgrade If-Match "
    b"X-Real-IP Host Transfer-Encoding Expect Range Sec-WebSocket-Protocol X-Stream-Protocol-Version Kubectl-Command"
).split()
VALUES = (b"", b"a", b"system:masters", b"system:admin", b"1, 2", b"Impersonate-User", b"close, impersonate-user",
          b"websocket", b"SPDY/3.1", b"chunked", b"0", b"a b", b"\xc3\xa9", b"a, Impersonate-Group: b")  # fmt: skip
PEOPLE = ("mia@example.com", "a\r\nImpersonate-User: system:admin", "\x00", "é@example.com", "")
ALONE = (b"impersonate-user:", b"host:")


class Sealed(msgspec.Struct, frozen=True):
    """How many left, how many were refused and how many would have left unsealed."""

    bench: str
    figures: Mapping[str, float]
    bar: Sequence[Bar]
    holds: bool

    def table(self) -> str:
        """For people."""
        console = Console(file=io.StringIO(), width=120, record=True)
        console.print(*(f"{name}: {value:,.0f}" for name, value in self.figures.items()), sep="\n")
        console.print(bars_table(self.bar))
        return console.export_text()


def run(options: Run) -> Sealed:
    """Make them, build what would leave, and look at it."""
    count = QUICK if options.quick else COUNT
    dice = random.Random(SEED)  # the same every time
    sent = refused = wrong = 0
    begun = time.perf_counter()
    for _ in range(count):
        who = Identity(
            "basefly:1", "1", ("basefly:view", "basefly:org:9"), (("basefly.io/email", dice.choice(PEOPLE)),)
        )
        given = [(dice.choice(NAMES), dice.choice(VALUES)) for _ in range(dice.randrange(9))]
        head = _head(given, who, upgrade=dice.random() < 0.3)
        if head is None:
            refused += 1
            continue
        sent += 1
        wrong += not _says_for_whom(head)
    figures = {"requests": count, "sent": sent, "refused": refused, "unsealed": wrong,
               "a second": count / (time.perf_counter() - begun)}  # fmt: skip
    bar = [Bar.of("requests that left without exactly one user and a group", measured=wrong, at_most=0)]
    return Sealed("seal", figures, bar, wrong == 0 and sent > count / 10)


def _head(given: list[tuple[bytes, bytes]], who: Identity, *, upgrade: bool) -> bytes | None:
    """The bytes that would leave; None for what is refused."""
    try:
        built = impersonation.rebuilt(given, who, upgrade=upgrade)
        request = h11.Request(method="GET", target="/api", headers=[(b"Host", b"cluster"), *built])
        head = h11.Connection(h11.CLIENT).send(request) or b""
        impersonation.seal(head)
    except (BaseflyError, h11.LocalProtocolError):
        return None
    return head


def _says_for_whom(head: bytes) -> bool:
    lines = head.lower().split(b"\n")
    if any(sum(line.lstrip().startswith(name) for line in lines) != 1 for name in ALONE):
        return False
    groups = [line for line in lines if line.lstrip().startswith(b"impersonate-group:")]
    foreign = (b"x-remote-", b"x_remote_", b"cookie:", b"authorization:", b"impersonate_", b"forwarded:", b"via:")
    return (
        b"impersonate-user: basefly:1\r" in lines
        and len(groups) == 2
        and not any(
            b"system:" in line for line in lines if line.startswith((b"impersonate-user", b"impersonate-group"))
        )
        and not any(line.lstrip().startswith(foreign) for line in lines)
    )
