"""A raw client: the bytes of an answer as they come, and how it ends."""

from __future__ import annotations

import asyncio
import ssl
from dataclasses import dataclass

import aiohttp

from basefly.sim import Cluster

MAPS = "/api/v1/namespaces/default/configmaps"


@dataclass
class Heard:
    """What came until the end, or until nothing came for a while."""

    status: int
    text: bytes
    pieces: int
    ended: str
    """`whole`, `cut` or `silent`."""

    @property
    def lines(self) -> list[bytes]:
        return self.text.splitlines()


async def hear(cluster: Cluster, path: str, *, silence: float = 1.5) -> Heard:
    """Ask as the administrator and listen."""
    trust = ssl.create_default_context(cadata=cluster.authority.pem.decode())
    headers = {"Authorization": f"Bearer {cluster.admin_token}"}
    heard = Heard(0, b"", 0, "whole")
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=trust), headers=headers) as session:
        try:
            async with session.get(cluster.server + path) as response:
                heard.status = response.status
                while True:
                    piece = await asyncio.wait_for(response.content.readany(), silence)
                    if not piece and response.content.at_eof():
                        break
                    heard.text += piece
                    heard.pieces += 1
        except TimeoutError:
            heard.ended = "silent"
        except aiohttp.ClientError:
            heard.ended = "cut"
    return heard


def config_map(name: str, text: str = "value") -> dict[str, object]:
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": name, "namespace": "default"},
        "data": {"k": text},
    }
