"""`python -m e2e.conformance.kubectl`: the commands of kubectl against a real control plane and a simulated cluster."""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections import Counter
from pathlib import Path

from e2e.conformance.kubectl.run import kubectls, run
from e2e.conformance.kubectl.through import run_through, unexplained


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m e2e.conformance.kubectl", description=__doc__)
    parser.add_argument("--kubectl", action="append", default=[], metavar="PATH", help="a kubectl (may be repeated)")
    parser.add_argument(
        "--through-hub", action="store_true", help="compare a cluster asked directly with one asked through the hub"
    )
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="basefly-kubectl-") as folder:
        compare = run_through if asked.through_hub else run
        outcomes = compare(Path(folder), kubectls(asked.kubectl))
    for kubectl in dict.fromkeys(outcome.kubectl for outcome in outcomes):
        counted = Counter(outcome.verdict for outcome in outcomes if outcome.kubectl == kubectl)
        compared = counted["equal"] + counted["different"]
        share = counted["equal"] / max(compared, 1)
        sys.stdout.write(f"{kubectl}: {counted['equal']} of {compared} equal ({share:.1%}); {dict(counted)}\n")
    for outcome in outcomes:
        if outcome.verdict in ("different", "failed"):
            sys.stdout.write(f"{outcome.verdict} {outcome.kubectl} {outcome.command}: {outcome.why} {outcome.detail}\n")
    if asked.through_hub:
        return int(bool(unexplained(outcomes)))
    return int(any(o.verdict == "failed" or (o.verdict == "different" and not o.why) for o in outcomes))


if __name__ == "__main__":
    sys.exit(main())
