"""A real hub process with its own data folder and database, and the API as its owner sees it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self
from urllib.parse import quote
from uuid import uuid4

import httpx

from e2e.plane.cluster import Cluster
from e2e.plane.program import Program, free_port

PAGE = 500
UNLIMITED = {f"BASEFLY_RATE_{name}": "100000000" for name in ("READ", "WRITE", "EXPENSIVE", "GATEWAY", "SIGN_IN")}
"""Quotas for whoever measures: one owner stands for many people then."""
OWNER = {"email": "owner@example.com", "name": "Olive Owner", "password": "a hub owned by olive since 1987"}


class Hub:
    """`python -m basefly up`, killed and started again at will; `words` start another face of it."""

    def __init__(
        self,
        folder: Path,
        words: Sequence[str] = ("basefly", "up"),
        *,
        port: int = 0,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self.folder = folder
        self.data_dir = folder / "data"
        self.owner = OWNER
        self.port = port or free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "BASEFLY_DATA_DIR": str(self.data_dir),
            "BASEFLY_PORT": str(self.port),
            "BASEFLY_GATEWAY_PORT": str(free_port()),
            "BASEFLY_LOG_FORMAT": "json",
            **(environment or {}),
        }
        self.program = Program(
            "hub", [sys.executable, "-m", *words], log=folder / "hub.log", environment=self._environment
        )
        self.token = ""

    @classmethod
    @contextmanager
    def start(cls, folder: Path) -> Iterator[Self]:
        """A hub that runs, owned by OWNER; everything of it ends with the block."""
        folder.mkdir(parents=True, exist_ok=True)
        hub = cls(folder)
        try:
            hub.begin()
            hub.set_up()
            yield hub
        finally:
            hub.stop()

    @contextmanager
    def beside(self, folder: Path) -> Iterator[Hub]:
        """A second hub process on the database of this one, as a company runs its replicas."""
        folder.mkdir(parents=True, exist_ok=True)
        environment = {
            "BASEFLY_DATABASE_URL": self.database_url("basefly_app"),
            "BASEFLY_ENCRYPTION_KEY": (self.folder / "data/encryption.key").read_text().strip(),
        }
        hub = Hub(folder, environment=environment)
        hub.token = self.token
        try:
            hub.begin()
            yield hub
        finally:
            hub.stop()

    def database_url(self, role: str) -> str:
        """The hub's own PostgreSQL, which runs, as this role."""
        lines = (self.folder / "data/postgres/data/postmaster.pid").read_text().splitlines()
        return f"postgresql://{role}@/basefly?host={quote(lines[4], safe='')}"  # the fifth line, as postgres has it

    def begin(self) -> None:
        """Start the process and wait until it is ready."""
        self.program.start()
        self.program.wait_until(self._ready, seconds=120)

    def stop(self) -> None:
        self.program.stop()

    def restart(self) -> None:
        self.stop()
        self.begin()

    def set_up(self) -> None:
        """Follow the one-time set-up link that the first start printed, and take an API token."""
        link = re.search(r"/setup\S*?[=/#]([\w.~-]{20,})", self.program.log.read_text())
        assert link, f"no set-up link was printed: {self.program.last_words()}"
        with httpx.Client(base_url=f"{self.url}/api/v1", headers={"Origin": self.url}) as browser:
            setup = {"token": link[1], "organization": "Example", **OWNER}
            _checked(browser.post("/setup", json=setup))
        self.take_token()

    def take_token(self) -> None:
        """An API token for a day, of a hub that was set up before."""
        with self.session() as browser:
            self.token = _checked(
                browser.post("/api/v1/tokens", json={"name": f"e2e {uuid4().hex[:8]}", "expires_in_days": 1})
            )["token"]

    @contextmanager
    def session(self) -> Iterator[httpx.Client]:
        """The owner as a browser has them: signed in by a cookie."""
        with httpx.Client(base_url=self.url, headers={"Origin": self.url}, timeout=60) as browser:
            given = {name: self.owner[name] for name in ("email", "password")}
            _checked(browser.post("/api/v1/sessions", json=given))
            yield browser

    def get(self, path: str, **query: Any) -> Any:
        return self.call("GET", path, params=query)

    def post(self, path: str, body: Any) -> Any:
        return self.call("POST", path, json=body)

    def call(self, method: str, path: str, **options: Any) -> Any:
        """Ask the API as the owner; fails with the problem document."""
        return _checked(self.ask(method, path, **options))

    def ask(self, method: str, path: str, **options: Any) -> httpx.Response:
        """The same, and the answer as it is."""
        headers = {"Authorization": f"Bearer {self.token}"}
        return httpx.request(method, f"{self.url}/api/v1{path}", headers=headers, timeout=30, **options)

    def objects(self, resource: str, **query: Any) -> list[dict[str, Any]]:
        """Every object of a kind, all pages of it."""
        return self.every(f"/objects/{resource}", **query)

    def every(self, path: str, **query: Any) -> list[dict[str, Any]]:
        """All pages of a list."""
        page = self.get(path, limit=PAGE, **query)
        found: list[dict[str, Any]] = page["items"]
        while page.get("next"):
            page = self.get(path, limit=PAGE, **query, cursor=page["next"])
            found += page["items"]
        return found

    def register(self, cluster: Cluster, **more: Any) -> dict[str, Any]:
        """Register a cluster by its kubeconfig, through the API."""
        body = {"kubeconfig": cluster.kubeconfig.read_text(), "context": cluster.context, **more}
        registered: dict[str, Any] = self.post("/clusters", body)
        return registered

    def cluster(self, name: str) -> dict[str, Any]:
        named: dict[str, Any] = next(c for c in self.get("/clusters", q=name)["items"] if c["name"] == name)
        return named

    def cli(self, *arguments: str, timeout: float = 60, **environment: str) -> subprocess.CompletedProcess[str]:
        """`basefly …` as the owner, on a machine of their own."""
        return subprocess.run(
            [sys.executable, "-m", "basefly", *arguments],
            env={**self._environment, "BASEFLY_URL": self.url, "BASEFLY_TOKEN": self.token, **environment},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )

    def _ready(self) -> bool:
        try:
            return httpx.get(f"{self.url}/health/ready", timeout=2).status_code == 200
        except httpx.TransportError:
            return False


def _checked(answer: httpx.Response) -> Any:
    assert answer.is_success, f"{answer.request.method} {answer.request.url}: {answer.status_code} {answer.text}"
    return answer.json() if answer.content else None
