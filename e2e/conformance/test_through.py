"""kubectl prints the same through the hub as it does directly; what differs is known."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from e2e.conformance.kubectl.through import run_through, unexplained
from e2e.plane.cluster import kubectl_binary

FEWEST = 100
"""Equal commands below which the comparison says too little."""


def test_kubectl_prints_the_same_through_the_hub(folder: Path) -> None:
    outcomes = run_through(folder / "through", [kubectl_binary()], simulated=False)
    assert [f"{outcome.command}: {outcome.detail}" for outcome in unexplained(outcomes)] == []
    assert Counter(outcome.verdict for outcome in outcomes)["equal"] >= FEWEST
