"""`python -m bench NAME [--size S|M|L] [--quick] [--json]`: a table for people, one line of JSON for programs."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import msgspec

from bench import audit, revocation, screen, seal, simulator
from bench.agent import agent
from bench.chaos import chaos
from bench.console import console
from bench.endurance import endurance
from bench.fleet import api, freshness, memory, restart
from bench.grants import grants
from bench.headlamp import headlamp
from bench.ingest import ingest
from bench.isolation import isolation
from bench.proxy import proxy
from bench.query import query
from bench.report import Run, Told
from bench.rights import rights
from bench.runs import every, history, together
from bench.shards import shards
from bench.soak import soak

BENCHES: Mapping[str, Callable[[Run], Told]] = {
    "agent": agent.run,
    "api": api.run,
    "audit": audit.run,
    "chaos": chaos.run,
    "console": console.run,
    "demo": console.run_demo,
    "endurance": endurance.run,
    "fleet": together.run,
    "freshness": freshness.run,
    "grants": grants.measure,
    "headlamp": headlamp.run,
    "ingest": ingest.run,
    "isolation": isolation.run,
    "memory": memory.run,
    "proxy": proxy.run,
    "query": query.run,
    "restart": restart.run,
    "revocation": revocation.run,
    "rights": rights.run,
    "screen": screen.run,
    "seal": seal.run,
    "shards": shards.run,
    "simulator": simulator.run,
    "soak": soak.run,
}


def main() -> int:
    """0 when every bar holds, 1 when one does not."""
    parser = argparse.ArgumentParser(prog="python -m bench", description="The bars, each beside its rival.")
    parser.add_argument("name", choices=["all", *sorted(BENCHES)], help="which bar; or all of them, one by one")
    parser.add_argument("--size", choices="SML", default="S", help="of the fleet, where the bar depends on it")
    parser.add_argument("--quick", action="store_true", help="small and short: does it run, not how fast")
    parser.add_argument("--rounds", type=int, default=5, help="interleaved runs of each contender (default: 5)")
    parser.add_argument("--json", action="store_true", help="only the line of JSON")
    parser.add_argument("--profile", action="store_true", help="also where each microsecond goes (ingest)")
    parser.add_argument("--keep", type=Path, help="a folder that keeps what takes long to make (console, query)")
    given = parser.parse_args()
    rounds = 1 if given.quick else given.rounds
    options = Run(given.size, quick=given.quick, rounds=rounds, keep=given.keep, profile=given.profile)
    if given.name == "all":
        return every.run(sorted(BENCHES.keys() - {"fleet"}), options)
    report = BENCHES[given.name](options)
    far = {} if given.quick else history.remember(given.name, given.size, report)
    if not given.json:
        print(report.table(), history.table(far), sep="\n")
    print(msgspec.json.encode({**msgspec.to_builtins(report), "z": far}).decode())
    return 0 if given.quick or report.holds else 1


if __name__ == "__main__":
    sys.exit(main())
