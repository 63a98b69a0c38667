"""`python -m basefly.sim`: a simulated fleet on the command line, with a kubeconfig to reach it."""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys
from pathlib import Path

import uvloop

from basefly.sim.fleet import Fleet


def main() -> None:
    asked = _arguments()
    uvloop.run(_run(asked))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m basefly.sim", description=__doc__)
    parser.add_argument("--clusters", type=int, default=1, help="how many clusters (default 1)")
    parser.add_argument("--nodes", type=int, default=3, help="nodes of each cluster (default 3)")
    parser.add_argument("--pods", type=int, default=50, help="pods of each cluster, about (default 50)")
    parser.add_argument("--seed", type=int, default=0, help="the same seed makes the same objects (default 0)")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default 127.0.0.1)")
    parser.add_argument("--port", type=int, default=0, help="port of the first cluster (default: any free)")
    parser.add_argument("--kubeconfig", type=Path, help="where to write a kubeconfig with a context for each cluster")
    return parser.parse_args()


async def _run(asked: argparse.Namespace) -> None:
    size = {"clusters": asked.clusters, "nodes": asked.nodes, "pods": asked.pods, "seed": asked.seed}
    async with Fleet.start(**size, host=asked.host, port=asked.port) as fleet:
        if asked.kubeconfig:
            _write_private(asked.kubeconfig, fleet.kubeconfig())
        for cluster in fleet.clusters:
            _say(f"{cluster.name}  {cluster.server}")
        if asked.kubeconfig:
            _say(f"kubectl --kubeconfig {asked.kubeconfig} get pods -A")
        stop = asyncio.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
        await stop.wait()


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _write_private(path: Path, text: str) -> None:
    """A kubeconfig holds credentials: its owner alone may read it."""
    path.touch(mode=0o600)
    path.chmod(0o600)
    path.write_text(text)


if __name__ == "__main__":
    main()
