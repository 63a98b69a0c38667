"""`python -m basefly.sim`: a simulated fleet on the command line, and the commands that let it suffer."""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys
from pathlib import Path

import uvloop

from basefly.sim import demo
from basefly.sim.cluster import Cluster
from basefly.sim.control import state
from basefly.sim.control.commands import add_commands
from basefly.sim.control.server import control
from basefly.sim.fleet import Fleet, planned
from basefly.sim.garbage import tidy
from basefly.sim.life.scenarios import SCENARIOS


def main() -> None:
    words = sys.argv[1:]
    if not words or (words[0].startswith("-") and words[0] not in ("-h", "--help")):
        words = ["serve", *words]
    asked = _parser().parse_args(words)
    asked.run(asked)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m basefly.sim", description=__doc__)
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    told = "start a fleet (the command when none is named), with a kubeconfig to reach it"
    serve = commands.add_parser("serve", help=told, description=told)
    serve.add_argument("--clusters", type=int, default=1, help="how many clusters (default 1)")
    serve.add_argument("--nodes", type=int, default=3, help="nodes of each cluster (default 3)")
    serve.add_argument("--pods", type=int, default=50, help="pods of each cluster, about (default 50)")
    serve.add_argument("--seed", type=int, default=0, help="the same seed makes the same objects (default 0)")
    told = "let each cluster live, from when somebody asks it (default: nothing moves)"
    serve.add_argument("--scenario", choices=sorted(SCENARIOS), default="", help=told)
    serve.add_argument("--pace", type=float, default=1.0, help="simulated seconds in a real one (default 1)")
    told = "instead of these: twelve clusters in four regions, to which something happens now and then"
    serve.add_argument("--demo", action="store_true", help=told)
    serve.add_argument("--host", default="127.0.0.1", help="address to listen on (default 127.0.0.1)")
    serve.add_argument("--port", type=int, default=0, help="port of the first cluster (default: any free)")
    serve.add_argument("--kubeconfig", type=Path, help="where to write a kubeconfig with a context for each cluster")
    serve.add_argument("--control-port", type=int, default=0, help="port of the control server (default: any free)")
    serve.add_argument("--state", type=Path, default=state.default_path(), help="its file (default %(default)s)")
    serve.set_defaults(run=lambda asked: uvloop.run(_serve(asked)))
    add_commands(commands)
    return parser


async def _serve(asked: argparse.Namespace) -> None:
    clusters = demo.clusters(asked.seed) if asked.demo else _planned(asked)
    async with (
        Fleet.listening(clusters, host=asked.host, port=asked.port) as fleet,
        control(fleet, port=asked.control_port) as found,
    ):
        state.write(asked.state, found)
        if asked.kubeconfig:
            state.write_private(asked.kubeconfig, fleet.kubeconfig())
        for cluster in fleet.clusters:
            _say(f"{cluster.name}  {cluster.server}")
        if asked.kubeconfig:
            _say(f"kubectl --kubeconfig {asked.kubeconfig} get pods -A")
        _say(f"control  http://127.0.0.1:{found.port}  (token in {asked.state})")
        beside = [asyncio.create_task(tidy())]
        if asked.demo:
            beside.append(asyncio.create_task(demo.tell(clusters, asked.seed)))
        stop = asyncio.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
        await stop.wait()
        for task in beside:
            task.cancel()
        state.forget(asked.state, found)


def _planned(asked: argparse.Namespace) -> list[Cluster]:
    made = planned(asked.clusters, nodes=asked.nodes, pods=asked.pods, seed=asked.seed, scenario=asked.scenario)
    for cluster in made:
        cluster.clock.pace = asked.pace
    return made


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
