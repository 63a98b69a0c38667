"""A cluster's own API through the hub's gateway: requests, and the WebSockets that lead into pods."""

from __future__ import annotations

import json
import ssl
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote

import httpx
from websockets.exceptions import InvalidHandshake, InvalidStatus, WebSocketException
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Subprotocol

from basefly.cli.client import http
from basefly.cli.client.hub import Hub
from basefly.cli.exits import Exit, Failure

__all__ = ["ClientConnection", "Gateway", "WebSocketException"]

_EXITS = {401: Exit.NOT_SIGNED_IN, 403: Exit.DENIED, 404: Exit.NOT_FOUND}


class Gateway:
    """One cluster, as whoever is signed in at the hub. Every method raises Failure."""

    def __init__(self, hub: Hub, token: str, cluster: str) -> None:
        told = hub.get("/gateway")
        self._url = f"{told['url']}/clusters/{quote(cluster, safe='')}"
        self._tls = http.trust(told["ca"] or None)
        self._headers = {"Authorization": f"Bearer {token}"}
        self._client = http.dial(self._url, tls=self._tls, headers=self._headers)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._client.close()

    def get(self, path: str) -> Any:
        """An object."""
        return self._asked("GET", path)

    def patch(self, path: str, body: Any) -> Any:
        """Change an object, by a strategic merge."""
        headers = {"Content-Type": "application/strategic-merge-patch+json"}
        return self._asked("PATCH", path, content=json.dumps(body).encode(), headers=headers)

    def socket(self, path: str, *protocols: str) -> ClientConnection:
        """A WebSocket that speaks one of these protocols."""
        url = self._url.replace("https://", "wss://", 1).replace("http://", "ws://", 1) + path
        tls: ssl.SSLContext | None = self._tls if url.startswith("wss://") else None
        offered = [Subprotocol(each) for each in protocols]
        try:
            return connect(
                url, ssl=tls, subprotocols=offered, additional_headers=self._headers, compression=None, max_size=None
            )
        except InvalidStatus as refused:
            raise _failure(refused.response.status_code, bytes(refused.response.body or b"")) from None
        except (OSError, InvalidHandshake, TimeoutError) as error:
            raise self._unreachable(str(error)) from None

    def _asked(self, method: str, path: str, **options: Any) -> Any:
        try:
            answer = self._client.request(method, path, **options)
        except httpx.TransportError as error:
            raise self._unreachable(http.reason(error)) from None
        if not answer.is_success:
            raise _failure(answer.status_code, answer.content)
        return answer.json()

    def _unreachable(self, why: str) -> Failure:
        return Failure(
            f"The gateway at {self._url} does not answer: {why}.",
            cure="Check the address that `basefly kubeconfig` prints, and the network.",
            exit_code=Exit.UNREACHABLE,
        )


def _failure(status: int, body: bytes) -> Failure:
    """A Status of Kubernetes, as the gateway and the clusters answer."""
    try:
        what = str(json.loads(body)["message"])
    except (ValueError, KeyError, TypeError):
        what = f"The gateway answered {status}."
    return Failure(what, exit_code=_EXITS.get(status, Exit.ERROR))
