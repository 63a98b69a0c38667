"""The two that are asked: a real control plane and a simulated cluster, each with the same small client."""

from __future__ import annotations

import asyncio
import base64
import json
import ssl
import threading
from collections.abc import Coroutine, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

import httpx
import yaml

from basefly.sim import Cluster, Fleet
from e2e.control_plane import ControlPlane

Object = dict[str, Any]
LIMITED = "eve"
"""A user of both clusters with a certificate and, at first, no rights."""

NOBODY = "nobody"
"""Who comes with a token that nobody gave out."""


class Answer:
    """What came back: the status, the media type, and the body: JSON, the lines of a watch, or text."""

    def __init__(self, status: int, media: str, body: Any) -> None:
        self.status, self.media, self.body = status, media, body

    @classmethod
    def of(cls, response: httpx.Response) -> Self:
        media = response.headers.get("Content-Type", "")
        body = yaml.safe_load(response.text) if "yaml" in media else _decoded(response.text)
        return cls(response.status_code, media, body)

    def value(self) -> Object:
        return {"status": self.status, "media": self.media, "body": self.body}


class Side:
    """One cluster to ask. Answers are kept by the title of their exchange; exchanges of one title are an error."""

    def __init__(self, name: str, folder: Path, kubeconfigs: Mapping[str, str]) -> None:
        self.name = name
        self.family = ""
        self.answers: dict[str, Answer] = {}
        self.kubeconfig = folder / f"{name}.kubeconfig"
        self.kubeconfig.write_text(kubeconfigs["admin"])
        self._clients = {user: _client(folder / f"{name}-{user}.pem", text) for user, text in kubeconfigs.items()}

    def ask(self, title: str, method: str, path: str, body: Any = None, *, user: str = "admin", **headers: str) -> Any:
        """Ask and remember the answer; its body. Headers by name, `_` for `-`; a body is text, or sent as JSON."""
        answer = self._send(method, path, body, user, headers)
        self._remember(title, answer)
        return answer.body

    def tell(self, title: str, value: Any) -> None:
        """Remember what another client was told."""
        self._remember(title, Answer(0, "", value))

    def _remember(self, title: str, answer: Answer) -> None:
        title = self.title(title)
        assert title not in self.answers, f"{title} is asked twice"
        self.answers[title] = answer

    def title(self, title: str) -> str:
        """The name under which an answer is kept."""
        return f"{self.family}: {title}"

    def quietly(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        """Ask for what only prepares an exchange."""
        return self._send(method, path, body, "admin", headers).body

    def namespace(self, name: str) -> str:
        """A namespace for one family; its path."""
        self.quietly("POST", "/api/v1/namespaces", {"metadata": {"name": name}})
        return f"/api/v1/namespaces/{name}"

    def _send(self, method: str, path: str, body: Any, user: str, headers: Mapping[str, str]) -> Answer:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        if body is not None and not isinstance(body, str):
            body = json.dumps(body)
        if body is not None:
            named = {"Content-Type": "application/json"} | named
        return Answer.of(self._clients[user].request(method, path, content=body, headers=named))


@contextmanager
def real_side(folder: Path) -> Iterator[Side]:
    """A control plane without controllers, so that nothing moves but what is asked."""
    with ControlPlane.start(folder / "plane", controllers=False) as plane:
        texts = {"admin": plane.kubeconfig_text(), LIMITED: plane.kubeconfig_text(user=LIMITED)}
        texts[NOBODY] = plane.kubeconfig_text(certificate=False).replace(plane.token, "wrong")
        yield Side("real", folder, texts)


@contextmanager
def simulated_side(folder: Path) -> Iterator[Side]:
    with simulated_cluster() as cluster:
        texts = {
            "admin": cluster.kubeconfig(),
            LIMITED: cluster.kubeconfig(certificate=cluster.authority.client(LIMITED)),
        }
        texts[NOBODY] = cluster.kubeconfig(token="wrong")
        yield Side("simulated", folder, texts)


@contextmanager
def simulated_cluster(*, alive: bool = False) -> Iterator[Cluster]:
    """An empty simulated cluster that answers from a thread of its own; `alive`: with controllers and kubelets."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="simulated cluster", daemon=True)
    thread.start()

    def run(work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, loop).result(30)

    fleet = Fleet.start(clusters=1)
    started: Fleet = run(fleet.__aenter__())
    if alive:
        loop.call_soon_threadsafe(started.clusters[0].life.start)
    try:
        yield started.clusters[0]
    finally:
        run(fleet.__aexit__(None, None, None))
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)


def _client(file: Path, kubeconfig: str) -> httpx.Client:
    """A client with the credentials of a kubeconfig; `file` is where a certificate is put."""
    held = yaml.safe_load(kubeconfig)
    cluster, user = held["clusters"][0]["cluster"], held["users"][0]["user"]
    trust = ssl.create_default_context(cadata=_plain(cluster["certificate-authority-data"]))
    if "client-key-data" in user:
        file.touch(mode=0o600)
        file.write_text(_plain(user["client-certificate-data"]) + _plain(user["client-key-data"]))
        trust.load_cert_chain(file)
    headers = {"Authorization": f"Bearer {user['token']}"} if "token" in user else {}
    return httpx.Client(base_url=cluster["server"], verify=trust, headers=headers, timeout=60)


def _plain(data: str) -> str:
    return base64.b64decode(data).decode()


def _decoded(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        pass
    try:
        return [json.loads(line) for line in text.splitlines()]
    except ValueError:
        return text
