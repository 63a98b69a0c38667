"""A plain HTTPS client for the tests of the simulator: asks as someone, answers with status and JSON."""

from __future__ import annotations

import json
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import aiohttp

from basefly.sim import Cluster


class Asker:
    """Requests to one cluster with one token."""

    def __init__(self, session: aiohttp.ClientSession, cluster: Cluster, token: str) -> None:
        self._session, self._cluster, self._token = session, cluster, token

    async def ask(
        self,
        path: str,
        *,
        method: str = "GET",
        body: Any = None,
        headers: Mapping[str, str] | None = None,
    ) -> tuple[int, Any]:
        """The status and the decoded answer; a body is sent as JSON."""
        given = {"Authorization": f"Bearer {self._token}", **(headers or {})}
        data = None if body is None else json.dumps(body)
        if data is not None:
            given.setdefault("Content-Type", "application/json")
        url = self._cluster.server + path
        async with self._session.request(method, url, data=data, headers=given) as response:
            text = await response.text()
            return response.status, json.loads(text) if text.startswith(("{", "[{", "[]")) else text

    async def get(self, path: str, **headers: str) -> Any:
        """The answer to a GET that must succeed."""
        status, answer = await self.ask(path, headers=headers)
        assert status == 200, answer
        return answer

    async def watch(self, path: str) -> AsyncIterator[dict[str, Any]]:
        """The events of a watch until it ends."""
        timeout = aiohttp.ClientTimeout(total=20)
        headers = {"Authorization": f"Bearer {self._token}"}
        async with self._session.get(self._cluster.server + path, headers=headers, timeout=timeout) as response:
            assert response.status == 200, await response.text()
            async for line in response.content:
                yield json.loads(line)


@asynccontextmanager
async def asking(cluster: Cluster, token: str | None = None) -> AsyncIterator[Asker]:
    """An asker; without a token it is the administrator."""
    async with trusting(cluster, headers={}) as session:
        yield Asker(session, cluster, token or cluster.admin_token)


@asynccontextmanager
async def trusting(cluster: Cluster, headers: Mapping[str, str] | None = None) -> AsyncIterator[aiohttp.ClientSession]:
    """A session that trusts the cluster, and is the administrator's unless other headers are given."""
    trust = ssl.create_default_context(cadata=cluster.authority.pem.decode())
    given = {"Authorization": f"Bearer {cluster.admin_token}"} if headers is None else headers
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=trust), headers=given) as session:
        yield session
