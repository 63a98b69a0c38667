"""The agent's own API server: the only place that it dials, and how the hub is to speak to it."""

from __future__ import annotations

import asyncio
import http.client
import socket
import ssl
from typing import Any
from urllib.parse import urlsplit

import msgspec

from basefly.agent.config import Config
from basefly.base.tunnel.tunnel import Stream, splice
from basefly.base.tunnel.words import Access

CONNECT = 5.0  # s


class ClusterError(Exception):
    """The API server cannot be used; the text says why."""


class Cluster:
    """One API server, as the agent sees it."""

    def __init__(self, config: Config) -> None:
        self._config = config
        parts = urlsplit(config.api)
        self._host, self._port = parts.hostname or "", parts.port or 443

    def access(self) -> Access:
        """How the hub speaks to it, as of now: Kubernetes renews the token. Raises ClusterError."""
        config = self._config
        try:
            token = config.api_token.read_text().strip()
            ca = config.api_ca.read_text()
        except OSError as error:
            raise ClusterError(
                f"{error.filename} cannot be read ({error.strerror}): does the pod have a service account?"
            ) from error
        return Access(server=config.api, token=token, ca=ca, tls_server_name=config.api_name or None)

    async def serve(self, stream: Stream) -> None:
        """Lead a stream of the hub to the API server, whatever it asks for: there is nowhere else to go."""
        try:
            async with asyncio.timeout(CONNECT):
                reader, writer = await asyncio.open_connection(self._host, self._port)
        except (OSError, TimeoutError) as error:
            stream.reset(f"the agent cannot reach its API server: {str(error) or 'no answer in time'}")
            return
        writer.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        await splice(stream, reader, writer)

    def call(self, method: str, path: str, body: object = None) -> Any:
        """A small request of the agent's own, for where it keeps its keys. Blocks. Raises ClusterError."""
        access = self.access()
        context = ssl.create_default_context(cadata=access.ca)
        connection = http.client.HTTPSConnection(self._host, self._port, timeout=CONNECT, context=context)
        headers = {"Authorization": f"Bearer {access.token}", "Accept": "application/json"}
        if body is not None:
            headers["Content-Type"] = "application/json"
        try:
            connection.request(method, path, None if body is None else msgspec.json.encode(body), headers)
            answer = connection.getresponse()
            data = answer.read()
        except (OSError, http.client.HTTPException) as error:
            raise ClusterError(f"the API server does not answer: {error}") from error
        finally:
            connection.close()
        if answer.status >= 300:
            raise ClusterError(f"{method} {path} was answered with {answer.status}")
        return msgspec.json.decode(data)
