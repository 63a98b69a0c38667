"""A cluster with many pods: a real API server where its binaries are at hand, the simulator otherwise."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from bench import pods
from e2e import control_plane
from e2e.control_plane import ControlPlane


class Subject(msgspec.Struct, frozen=True):
    """What a benchmark reads: the kubeconfig of its cluster, whether it is a real one, and its pods in words.

    `change(count, restarts)` changes the first pods of a real one.
    """

    kubeconfig: Path
    real: bool
    described: str
    change: Callable[[int, int], None] | None = None


@contextmanager
def with_pods(folder: Path, count: int) -> Iterator[Subject]:
    """A cluster of `count` pods for as long as the block runs."""
    if not control_plane.found():
        with _simulated(folder, count) as subject:
            yield subject
        return
    with ControlPlane.start(folder / "plane", name="bench", controllers=False) as plane:
        size = asyncio.run(pods.create(plane.server, plane.ca, plane.token, count))

        def change(changed: int, restarts: int) -> None:
            asyncio.run(pods.change(plane.server, plane.ca, plane.token, range(changed), restarts))

        yield Subject(plane.kubeconfig, True, f"{count:,} pods of {size:,} bytes from a real API server", change)


@contextmanager
def _simulated(folder: Path, count: int) -> Iterator[Subject]:
    kubeconfig = folder / "simulated.kubeconfig"
    size = ["--nodes", str(max(count // 50, 1)), "--pods", str(count)]
    command = [sys.executable, "-m", "basefly.sim", *size, "--kubeconfig", str(kubeconfig)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as simulator:
        try:
            if simulator.stdout is None or not simulator.stdout.readline():
                raise SystemExit("The simulator did not start; what it printed above says why.")
            yield Subject(
                kubeconfig, False, f"about {count:,} pods of about 6,500 bytes, simulated: no real API server here"
            )
        finally:
            simulator.terminate()
