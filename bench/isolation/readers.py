"""Who looks at the clusters that are well, and how long each look took: changes, lists, single objects."""

from __future__ import annotations

import asyncio
import itertools
import random
import re
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

import aiohttp

from bench.isolation.fleet import Member

MARKED = "isolation"  # the config map that is changed
LOST = 30.0  # s after which a change, or an answer, counts as never seen
_NOTICE = re.compile(rb"inventory/([0-9a-f-]{36})/configmaps")

Samples = dict[str, list[float]]  # seconds by what was looked at: freshness, lists, objects


class Readers:
    """Load on a hub about clusters that are well. `samples` grow until `taken` takes them."""

    def __init__(self, hub: str, token: str, members: Mapping[str, Member], chance: random.Random) -> None:
        self._hub, self._chance = f"{hub}/api/v1", chance
        self._members = members  # by the hub's id
        self._headers = {"Authorization": f"Bearer {token}"}
        self._open: dict[str, asyncio.Event] = {}  # by cluster: who waits for a change there
        self._marks = itertools.count()
        self._samples: Samples = {}
        self.missed = 0  # looks that brought nothing in time
        self.well: Sequence[str] = list(members)

    def taken(self) -> Samples:
        """What was measured since the last call."""
        samples, self._samples = self._samples, {}
        return samples

    async def run(self, rate: float) -> None:
        """Look, so many times a second at each of the three, until cancelled."""
        limits = aiohttp.TCPConnector(limit=0)
        wait = aiohttp.ClientTimeout(total=None, sock_read=LOST)
        async with (
            aiohttp.ClientSession(headers=self._headers, timeout=wait, connector=limits) as hub,
            aiohttp.ClientSession(timeout=wait, connector=aiohttp.TCPConnector(limit=0)) as members,
            asyncio.TaskGroup() as group,
        ):
            group.create_task(self._hear(hub))
            looks = (
                ("freshness", lambda one: self._change(hub, members, one)),
                ("lists", lambda one: self._list(hub, one)),
                ("objects", lambda one: self._object(hub, one)),
            )
            for name, look in looks:
                group.create_task(self._look(name, look, rate))

    async def prepare(self) -> None:
        """Put the object that is changed into each cluster."""
        body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": MARKED, "namespace": "default"}}
        async with aiohttp.ClientSession() as session:
            for member in self._members.values():
                url = f"{member.server}/api/v1/namespaces/default/configmaps"
                async with session.post(url, json=body, ssl=member.trust, headers=_bearer(member)) as answer:
                    answer.raise_for_status()

    async def _look(self, name: str, look: Callable[[str], Awaitable[float | None]], rate: float) -> None:
        """Begin a look at a cluster that is well every 1/rate seconds, whether or not those before have ended."""

        async def one() -> None:
            try:
                async with asyncio.timeout(LOST):
                    took = await look(self._chance.choice(self.well))
            except (TimeoutError, aiohttp.ClientError):
                self.missed += 1
                took = LOST
            if took is not None:
                self._samples.setdefault(name, []).append(took)

        async with asyncio.TaskGroup() as group:
            due = time.monotonic()
            while True:
                group.create_task(one())
                due += 1 / rate
                await asyncio.sleep(max(0.0, due - time.monotonic()))

    async def _change(self, hub: aiohttp.ClientSession, members: aiohttp.ClientSession, cluster: str) -> float | None:
        """Change the object in its cluster; seconds until the hub's list shows it. None: it is being changed now."""
        if cluster in self._open:
            return None
        mark, seen, member = f"m{next(self._marks)}", asyncio.Event(), self._members[cluster]
        self._open[cluster] = seen
        try:
            url = f"{member.server}/api/v1/namespaces/default/configmaps/{MARKED}"
            headers = _bearer(member) | {"Content-Type": "application/merge-patch+json"}
            patch = {"metadata": {"labels": {"mark": mark}}}
            async with members.patch(url, json=patch, ssl=member.trust, headers=headers) as answer:
                answer.raise_for_status()
            changed = time.monotonic()
            while not await self._shows(hub, cluster, mark):
                await seen.wait()
                seen.clear()
            return time.monotonic() - changed
        finally:
            del self._open[cluster]

    async def _shows(self, hub: aiohttp.ClientSession, cluster: str, mark: str) -> bool:
        asked = {"cluster": cluster, "labels": f"mark={mark}", "limit": "1"}
        return bool((await self._get(hub, "/objects/configmaps", asked))["items"])

    async def _hear(self, hub: aiohttp.ClientSession) -> None:
        """Wake whoever waits for a change when the hub's stream tells of it."""
        url = f"{self._hub}/changes"
        while True:
            async with hub.get(url, params={"topic": "inventory/*/configmaps"}) as stream:
                async for line in stream.content:
                    self._wake(line)

    def _wake(self, line: bytes) -> None:
        told = [one.decode() for one in _NOTICE.findall(line)]
        for cluster in self._open if b"reset" in line else told:
            if waiting := self._open.get(cluster):
                waiting.set()

    async def _list(self, hub: aiohttp.ClientSession, _: str) -> float:
        began = time.monotonic()
        await self._get(hub, "/objects/pods", {"limit": "100", "sort": self._chance.choice(("name", "-age", "status"))})
        return time.monotonic() - began

    async def _object(self, hub: aiohttp.ClientSession, cluster: str) -> float:
        began = time.monotonic()
        found = await self._get(hub, f"/clusters/{cluster}/objects/configmaps/{MARKED}", {"namespace": "default"})
        if not found["live"]:
            raise TimeoutError
        return time.monotonic() - began

    async def _get(self, hub: aiohttp.ClientSession, path: str, asked: Mapping[str, str]) -> Any:
        async with hub.get(f"{self._hub}{path}", params=asked) as answer:
            answer.raise_for_status()
            return await answer.json()


def _bearer(member: Member) -> dict[str, str]:
    return {"Authorization": f"Bearer {member.token}"}
