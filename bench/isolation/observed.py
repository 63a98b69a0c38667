"""What the hub says and spends while it is looked at: rows written, health of clusters, lateness of its event loop."""

from __future__ import annotations

import re
import time
from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import psycopg

from bench.isolation.fleet import Meter
from e2e.hub import UNLIMITED, Hub

AT_ONCE = 4  # registrations
REGISTERING = 180.0  # s that one may take on a busy machine
METRICS_TOKEN = "isolation" * 4
_LATE = re.compile(r'basefly_event_loop_late_seconds_bucket\{le="([^"]+)"\} (\S+)')


def hub(folder: Path) -> Hub:
    """A hub that does not ration whoever measures it."""
    folder.mkdir(parents=True, exist_ok=True)
    return Hub(folder, environment=UNLIMITED | {"BASEFLY_METRICS_TOKEN": METRICS_TOKEN})


class Observer:
    """Looks at one hub from outside."""

    def __init__(self, of: Hub) -> None:
        self.hub, self.meter = of, Meter(of.program.pid)
        self.unanswered = 0  # looks at the list of clusters that brought an error
        self._database = of.database_url("basefly_app")
        # One for all looks: to make one takes 30 ms of the process that measures.
        self._asker = httpx.Client(base_url=of.url, headers={"Authorization": f"Bearer {of.token}"}, timeout=30)
        self._rows, self._at, self._late = self._written(), time.monotonic(), self._lateness()

    def registered(self, kubeconfigs: Sequence[str]) -> list[str]:
        """The hub's ids of these clusters, which it did not know; a few at a time, as a person with the CLI does."""

        def register(kubeconfig: str) -> str:
            answer = self._asker.post("/api/v1/clusters", json={"kubeconfig": kubeconfig}, timeout=REGISTERING)
            answer.raise_for_status()
            return str(answer.json()["id"])

        with ThreadPoolExecutor(AT_ONCE) as threads:
            return list(threads.map(register, kubeconfigs))

    def rows(self) -> float:
        """Rows of objects that were written a second since the last call."""
        rows, at = self._written(), time.monotonic()
        rate = (rows - self._rows) / (at - self._at)
        self._rows, self._at = rows, at
        return rate

    def lag(self) -> float:
        """The upper bound, in seconds, of the latest that the hub's event loop was since the last call."""
        before, self._late = self._late, self._lateness()
        since = {bound: count - before.get(bound, 0.0) for bound, count in self._late.items()}
        return next((bound for bound, count in sorted(since.items()) if count >= since[float("inf")]), 0.0)

    def clusters(self) -> dict[str, Mapping[str, Any]]:
        """Every cluster as the API shows it, by id; none where it does not answer, which is counted."""
        found: dict[str, Mapping[str, Any]] = {}
        cursor = ""
        while True:
            wanted = {"limit": 500} | ({"cursor": cursor} if cursor else {})
            answer = self._asker.get("/api/v1/clusters", params=wanted)
            if not answer.is_success:
                self.unanswered += 1
                return {}
            page = answer.json()
            found |= {one["id"]: one for one in page["items"]}
            if not (cursor := page.get("next") or ""):
                return found

    def all_are(self, ids: Collection[str], *, well: bool) -> bool:
        """Whether these clusters are healthy, or none of them is."""
        clusters = self.clusters()
        return bool(clusters) and all((clusters[one]["health"] == "healthy") is well for one in ids)

    def live(self, streams: int) -> bool:
        """Whether at least so many streams are followed, and all of them are live."""
        with psycopg.connect(self._database) as connection:
            connection.execute("select set_config('app.org', %s, false)", [self.organization()])
            query = "select count(*), count(*) filter (where state = 'live') from sync_streams"
            found = connection.execute(query).fetchone()
        return found is not None and found[0] >= streams and found[0] == found[1]

    def organization(self) -> str:
        return str(self.hub.get("/me")["organization"]["id"])

    def _written(self) -> int:
        query = """
            select coalesce(sum(n_tup_ins + n_tup_upd + n_tup_del), 0) from pg_stat_user_tables
            where relname like 'objects%'"""
        with psycopg.connect(self._database) as connection:
            found = connection.execute(query).fetchone()
        return int(found[0]) if found else 0

    def _lateness(self) -> dict[float, float]:
        told = self._asker.get("/metrics", headers={"Authorization": f"Bearer {METRICS_TOKEN}"}).text
        return {float(bound.replace("+Inf", "inf")): float(count) for bound, count in _LATE.findall(told)}
