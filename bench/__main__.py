"""`python -m bench NAME [--size S|M|L] [--quick] [--json]`: a table for people, one line of JSON for programs."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import msgspec

from bench import audit, ingest, revocation, screen, seal, simulator
from bench.console import console
from bench.grants import grants
from bench.headlamp import headlamp
from bench.proxy import proxy
from bench.report import Run, Told
from bench.soak import soak

BENCHES: Mapping[str, Callable[[Run], Told]] = {
    "audit": audit.run,
    "console": console.run,
    "demo": console.run_demo,
    "grants": grants.measure,
    "headlamp": headlamp.run,
    "ingest": ingest.run,
    "proxy": proxy.run,
    "revocation": revocation.run,
    "screen": screen.run,
    "seal": seal.run,
    "simulator": simulator.run,
    "soak": soak.run,
}


def main() -> int:
    """0 when every bar holds, 1 when one does not."""
    parser = argparse.ArgumentParser(prog="python -m bench", description="The bars, each beside its rival.")
    parser.add_argument("name", choices=sorted(BENCHES), help="which bar")
    parser.add_argument("--size", choices="SML", default="S", help="of the fleet, where the bar depends on it")
    parser.add_argument("--quick", action="store_true", help="small and short: does it run, not how fast")
    parser.add_argument("--rounds", type=int, default=5, help="interleaved runs of each contender (default: 5)")
    parser.add_argument("--json", action="store_true", help="only the line of JSON")
    parser.add_argument("--keep", type=Path, help="a folder that keeps what takes long to make (console)")
    given = parser.parse_args()
    rounds = 1 if given.quick else given.rounds
    report = BENCHES[given.name](Run(given.size, quick=given.quick, rounds=rounds, keep=given.keep))
    if not given.json:
        print(report.table())
    print(msgspec.json.encode(report).decode())
    return 0 if given.quick or report.holds else 1


if __name__ == "__main__":
    sys.exit(main())
