"""A hub as `basefly up` starts it, and two simulated clusters in a thread of their own."""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from basefly.sim import Cluster, Fleet
from e2e.plane.program import free_port

T = TypeVar("T")


@dataclass(frozen=True)
class World:
    """`url` is the hub's address, `data` its folder; `kubeconfig` has a context for each cluster.

    `database` is the application role's way into the hub's database.
    """

    url: str
    data: Path
    database: str
    kubeconfig: Path
    fleet: Fleet
    loop: asyncio.AbstractEventLoop

    def call(self, function: Callable[[], T]) -> T:
        """Do something where the clusters live."""

        async def called() -> T:
            return function()

        return self.wait(called())

    def wait(self, work: Awaitable[T]) -> T:
        """Wait for something that happens where the clusters live."""

        async def waited() -> T:
            return await work

        return asyncio.run_coroutine_threadsafe(waited(), self.loop).result(30)

    def cluster(self, name: str) -> Cluster:
        return self.fleet[name]

    def pods(self) -> list[dict[str, Any]]:
        """Every pod of every cluster, as they have them."""
        return self.call(lambda: [pod for cluster in self.fleet.clusters for pod in cluster.api.list("pods")])


@contextmanager
def running(database_url: str, folder: Path) -> Iterator[World]:
    """A world that runs until the block ends."""
    data, kubeconfig = folder / "data", folder / "kubeconfig"
    with _clusters() as (fleet, loop), hub(database_url, data) as url:
        kubeconfig.write_text(fleet.kubeconfig())
        yield World(url, data, database_url, kubeconfig, fleet, loop)


@contextmanager
def _clusters() -> Iterator[tuple[Fleet, asyncio.AbstractEventLoop]]:
    ready: Future[tuple[Fleet, asyncio.AbstractEventLoop]] = Future()
    ended = threading.Event()

    async def live() -> None:
        async with Fleet.start(clusters=2, nodes=3, pods=40, seed=2) as fleet:
            ready.set_result((fleet, asyncio.get_running_loop()))
            await asyncio.to_thread(ended.wait)

    thread = threading.Thread(target=lambda: asyncio.run(live()), name="clusters")
    thread.start()
    try:
        yield ready.result(60)
    finally:
        ended.set()
        thread.join(60)


@contextmanager
def hub(database_url: str, data: Path) -> Iterator[str]:
    """The address of a hub that runs until the block ends."""
    port = free_port()
    environment = {
        **os.environ,
        "BASEFLY_DATABASE_URL": database_url,
        "BASEFLY_LOG_LEVEL": "error",
        "BASEFLY_GATEWAY_PORT": str(free_port()),
    }
    words = ["-m", "basefly", "up", "--port", str(port), "--data-dir", str(data)]
    log = data.parent / "hub.log"
    with log.open("w") as out:
        process = subprocess.Popen([sys.executable, *words], env=environment, stdout=out, stderr=out)
    try:
        until = time.monotonic() + 90
        while not _answers(port):
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < until, log.read_text()
            time.sleep(0.1)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(30)


def _answers(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except OSError:
        return False
    return True
