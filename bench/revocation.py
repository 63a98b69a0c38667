"""`revocation`: from taking something away at one hub until pages, API and open streams of another refuse it.

Two real hub processes share one PostgreSQL; nothing is said between them but through it.
"""

from __future__ import annotations

import io
import statistics
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple
from uuid import uuid4

import httpx
import msgspec
from rich.console import Console
from rich.table import Table

from bench.report import Bar, Run, bars_table
from e2e.hub import Hub

MOST = 10.0  # s, the bar of PRODUCT
PATIENCE = 30.0  # s after which a surface counts as never refused
PAUSE = 0.05  # s between two asks of one surface
PASSWORD = "nine gulls above the harbour"
STREAM = "/api/v1/changes?topic=inventory/*/pods"


class Way(NamedTuple):
    """One way of taking something away: as what the victim comes, what they see until then, and who takes it."""

    name: str
    role: str
    by_token: bool
    surfaces: Mapping[str, str]
    take: Callable[[Hub, Victim], None]
    give: Callable[[Hub, Victim], None] | None = None  # what is given first, to be taken away


class Victim(NamedTuple):
    """A member with a session and a token, and what they are known by."""

    id: str
    session: httpx.Client
    token: str
    token_id: str

    def headers(self, way: Way) -> dict[str, str]:
        """What each of their requests carries."""
        if way.by_token:
            return {"Authorization": f"Bearer {self.token}"}
        return {"Cookie": "; ".join(f"{name}={value}" for name, value in self.session.cookies.items())}


class Revocation(msgspec.Struct, frozen=True):
    """Seconds until each surface refused, by way and surface: the median and the worst of all rounds."""

    bench: str
    figures: Mapping[str, Mapping[str, tuple[float, float]]]
    bar: Sequence[Bar]
    holds: bool

    def table(self) -> str:
        """For people."""
        table = Table("taken away", "surface", "median s", "worst s", title=self.bench)
        for way, surfaces in self.figures.items():
            for surface, (median, worst) in surfaces.items():
                table.add_row(way, surface, f"{median:.2f}", f"{worst:.2f}")
        console = Console(file=io.StringIO(), width=120, record=True)
        console.print(table, bars_table(self.bar), sep="\n")
        return console.export_text()


def run(options: Run) -> Revocation:
    """Take away at the first hub, look at the second."""
    with tempfile.TemporaryDirectory(prefix="basefly-bench-") as name:
        folder = Path(name)
        ways = WAYS[1:4:2] if options.quick else WAYS
        with Hub.start(folder / "one") as one, one.beside(folder / "two") as two:
            seen = {way.name: [_round(one, two, way) for _ in range(options.rounds)] for way in ways}
    figures = {way: _told(rounds) for way, rounds in seen.items()}
    bars = [
        Bar.of(f"{way}: worst seconds", measured=max(worst for _, worst in told.values()), at_most=MOST)
        for way, told in figures.items()
    ]
    return Revocation("revocation", figures, bars, all(bar.holds for bar in bars))


def _told(rounds: Sequence[Mapping[str, float]]) -> dict[str, tuple[float, float]]:
    by_surface = {surface: [each[surface] for each in rounds] for surface in rounds[0]}
    return {name: (round(statistics.median(all_), 2), round(max(all_), 2)) for name, all_ in by_surface.items()}


def _round(one: Hub, two: Hub, way: Way) -> dict[str, float]:
    """Seconds until each surface of the second hub refused what the first took away."""
    with _victim(one, two, way.role) as victim:
        if way.give:
            way.give(one, victim)
        refused: dict[str, float] = {}
        ready = threading.Barrier(len(way.surfaces) + 1, timeout=PATIENCE)
        watchers = [
            threading.Thread(target=_watch, args=(two.url + path, victim.headers(way), ready, refused, surface))
            for surface, path in way.surfaces.items()
        ]
        for watcher in watchers:
            watcher.start()
        ready.wait()  # every surface has answered once
        begun = time.monotonic()
        way.take(one, victim)
        for watcher in watchers:
            watcher.join()
    return {surface: refused.get(surface, begun + PATIENCE) - begun for surface in way.surfaces}


def _watch(
    url: str, headers: Mapping[str, str], ready: threading.Barrier, refused: dict[str, float], surface: str
) -> None:
    """Note when a surface that answered does so no more."""
    with httpx.Client(headers=dict(headers), timeout=PATIENCE) as client:
        until = time.monotonic() + 2 * PATIENCE
        if surface == "stream":
            with client.stream("GET", url) as answer:
                assert answer.status_code == 200, f"{url}: {answer.status_code}"
                ready.wait()
                for _ in answer.iter_raw():
                    if time.monotonic() > until:
                        return
            refused[surface] = time.monotonic()
            return
        assert client.get(url).status_code == 200, url
        ready.wait()
        while time.monotonic() < until:
            if client.get(url).status_code != 200:
                refused[surface] = time.monotonic()
                return
            time.sleep(PAUSE)


@contextmanager
def _victim(one: Hub, two: Hub, role: str) -> Iterator[Victim]:
    """A new member, signed in at the second hub."""
    email = f"{uuid4().hex[:12]}@example.com"
    made = one.post("/members", {"email": email, "name": "Vic", "password": PASSWORD, "role": role})
    with httpx.Client(base_url=two.url, headers={"Origin": two.url}, timeout=PATIENCE) as session:
        _checked(session.post("/api/v1/sessions", json={"email": email, "password": PASSWORD}))
        token = _checked(session.post("/api/v1/tokens", json={"name": "bench", "expires_in_days": 1}))
        yield Victim(made["id"], session, token["token"], token["id"])


def _checked(answer: httpx.Response) -> Any:
    assert answer.is_success, f"{answer.request.method} {answer.request.url}: {answer.status_code} {answer.text}"
    return answer.json() if answer.content else None


def _as_victim(method: str, one: Hub, victim: Victim, path: str, body: Any = None) -> Any:
    headers = {"Origin": one.url, "Cookie": "; ".join(f"{k}={v}" for k, v in victim.session.cookies.items())}
    return _checked(httpx.request(method, f"{one.url}/api/v1{path}", headers=headers, json=body, timeout=PATIENCE))


def _sign_out(one: Hub, victim: Victim) -> None:
    _as_victim("DELETE", one, victim, "/sessions/current")


def _revoke(one: Hub, victim: Victim) -> None:
    _as_victim("DELETE", one, victim, f"/tokens/{victim.token_id}")


def _demote(one: Hub, victim: Victim) -> None:
    one.call("PATCH", f"/members/{victim.id}", json={"role": "viewer"})


def _remove(one: Hub, victim: Victim) -> None:
    one.call("DELETE", f"/members/{victim.id}")


def _elevate(one: Hub, victim: Victim) -> None:
    wish = {"role": "admin", "reason": "The disks fill up", "minutes": 60}
    asked = _as_victim("POST", one, victim, "/elevations", wish)
    one.post(f"/elevations/{asked['id']}/approvals", {"note": "Go"})


def _withdraw(one: Hub, victim: Victim) -> None:
    seen = _as_victim("GET", one, victim, "/elevations")["items"]  # those of earlier rounds have ended
    (elevation,) = [each for each in seen if each["state"] == "approved"]
    _as_victim("POST", one, victim, f"/elevations/{elevation['id']}/withdrawals", {})


_EVERYTHING = {"page": "/pods", "API": "/api/v1/me", "stream": STREAM}
_GOVERNING = {"page": "/audit", "API": "/api/v1/audit", "stream": STREAM}
WAYS = (
    Way("signed out", "viewer", by_token=False, surfaces=_EVERYTHING, take=_sign_out),
    Way("token revoked", "viewer", by_token=True, surfaces={"API": "/api/v1/me", "stream": STREAM}, take=_revoke),
    Way("role taken", "admin", by_token=False, surfaces=_GOVERNING, take=_demote),
    Way("elevation ended", "viewer", by_token=False, surfaces=_GOVERNING, take=_withdraw, give=_elevate),
    Way("member removed, session", "viewer", by_token=False, surfaces=_EVERYTHING, take=_remove),
    Way(
        "member removed, token", "viewer", by_token=True, surfaces={"API": "/api/v1/me", "stream": STREAM}, take=_remove
    ),
)
