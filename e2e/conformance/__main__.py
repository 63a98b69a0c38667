"""`python -m e2e.conformance`: a real API server beside a simulated cluster, and every place where they differ."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from e2e.conformance.compare import BAR, Exchange, equal_share, run
from e2e.conformance.families import FAMILIES
from e2e.conformance.known import reason


def main() -> int:
    asked = _arguments()
    with tempfile.TemporaryDirectory(prefix="basefly-conformance-") as folder:
        exchanges = run(Path(folder), asked.only)
    text = json.dumps(list(map(_as_json, exchanges)), indent=1) if asked.json else "\n".join(_report(exchanges))
    sys.stdout.write(f"{text}\n")
    if asked.write:
        asked.write.write_text(f"{text}\n")
    passed = equal_share(exchanges) >= BAR and not any(exchange.unknown for exchange in exchanges)
    return 0 if passed else 1


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m e2e.conformance", description=__doc__)
    parser.add_argument("--only", action="append", choices=FAMILIES, default=[], help="this family (may be repeated)")
    parser.add_argument("--json", action="store_true", help="every exchange as JSON")
    parser.add_argument("--write", type=Path, metavar="FILE", help="write the report to a file as well")
    return parser.parse_args()


def _report(exchanges: Sequence[Exchange]) -> Iterator[str]:
    yield f"{'family':<12} {'compared':>8} {'equal':>6} {'different':>9} {'refused':>8}"
    for family in (*dict.fromkeys(exchange.family for exchange in exchanges), "all"):
        counted = Counter(e.verdict for e in exchanges if family in (e.family, "all"))
        compared = counted["equal"] + counted["different"]
        yield f"{family:<12} {compared:>8} {counted['equal']:>6} {counted['different']:>9} {counted['refused']:>8}"
    yield f"equal: {equal_share(exchanges):.1%} of what was compared (bar: {BAR:.0%})"
    yield from (f"refused   {exchange.name}" for exchange in exchanges if exchange.refused)
    for exchange in exchanges:
        for found in () if exchange.refused else exchange.differences:
            why = reason(exchange.name, found.path)
            told = why or _both(found.real, found.simulated)
            yield f"{'known' if why else 'UNKNOWN':<9} {exchange.name} at {found.path}: {told}"


def _both(real: object, simulated: object) -> str:
    return f"real {_short(real)}, simulated {_short(simulated)}"


def _short(value: object) -> str:
    text = json.dumps(value)
    return text if len(text) <= 300 else f"{text[:300]}…"


def _as_json(exchange: Exchange) -> dict[str, object]:
    found = [
        {"path": at, "real": real, "simulated": simulated, "why": reason(exchange.name, at)}
        for at, real, simulated in exchange.differences
    ]
    return {"exchange": exchange.name, "verdict": exchange.verdict, "differences": found}


if __name__ == "__main__":
    sys.exit(main())
