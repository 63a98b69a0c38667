"""Those who look on: each hears one cluster's changes, and reads its list anew when there are some, as a page does."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any

import aiohttp

from bench.fleet.members import Change

Pod = tuple[str, str, str]  # cluster, namespace, name
FETCHED = 100  # rows: a page, and room for those that a row may move down by


class Reader:
    """What somebody sees of a cluster's first pods, and since when."""

    def __init__(self, name: str, cluster: str) -> None:
        self._name, self._cluster = name, cluster
        self._news = asyncio.Event()
        self._listening = asyncio.Event()
        self._last: dict[Pod, int] = {}
        self.seen: dict[Pod, list[tuple[int, float]]] = {}

    @asynccontextmanager
    async def looking(self, hub: aiohttp.ClientSession) -> AsyncIterator[None]:
        """Look on while the block runs."""
        tasks = [asyncio.create_task(self._hear(hub)), asyncio.create_task(self._read(hub))]
        try:
            await self._listening.wait()
            yield
        finally:
            for task in tasks:
                task.cancel()
            for done in await asyncio.gather(*tasks, return_exceptions=True):
                if isinstance(done, Exception):
                    raise done

    async def _hear(self, hub: aiohttp.ClientSession) -> None:
        async with hub.get("/live", params={"topic": f"inventory/{self._cluster}/pods"}) as stream:
            stream.raise_for_status()
            self._listening.set()
            async for line in stream.content:
                if line.startswith(b"data:"):
                    self._news.set()

    async def _read(self, hub: aiohttp.ClientSession) -> None:
        """Read as often as there is news: what comes while the list is read is read once more."""
        asked = {"cluster": self._cluster, "limit": str(FETCHED), "sort": "name"}
        while True:
            await self._news.wait()
            self._news.clear()
            async with hub.get("/api/v1/objects/pods", params=asked) as answer:
                answer.raise_for_status()
                page = await answer.json()
            self._see(page["items"])

    def _see(self, items: Sequence[Mapping[str, Any]]) -> None:
        now = time.time()
        for item in items:
            pod, restarts = (self._name, item["namespace"], item["name"]), int(item["cells"]["restarts"])
            if self._last.get(pod) != restarts:
                self._last[pod] = restarts
                self.seen.setdefault(pod, []).append((restarts, now))


def waits(changes: Sequence[Change], seen: Mapping[Pod, Sequence[tuple[int, float]]]) -> tuple[list[float], int]:
    """Milliseconds from each change until it, or one that overtook it, was seen, sorted; and how many never were."""
    found, lost = [], 0
    for change in changes:
        shown = seen.get((change.cluster, change.namespace, change.name), ())
        moment = next((at for restarts, at in shown if restarts >= change.restarts), None)
        if moment is None:
            lost += 1
        else:
            found.append((moment - change.at) * 1000)
    return sorted(found), lost


@asynccontextmanager
async def session(url: str, token: str) -> AsyncIterator[aiohttp.ClientSession]:
    """The hub's API as somebody who has a token."""
    timeout = aiohttp.ClientTimeout(total=None, sock_connect=10)
    headers = {"Authorization": f"Bearer {token}"}
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(url, headers=headers, timeout=timeout, connector=connector) as opened:
        with suppress(asyncio.CancelledError):
            yield opened
