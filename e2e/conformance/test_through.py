"""kubectl prints the same through the hub as it does directly; what differs is known."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from e2e.clients.binaries import kubectls
from e2e.conformance.kubectl.run import Outcome
from e2e.conformance.kubectl.through import run_through, unexplained
from e2e.plane.cluster import kubectl_binary

FEWEST = 100
"""Equal commands of each kubectl below which the comparison says too little."""


def test_every_kubectl_prints_the_same_through_the_hub(folder: Path) -> None:
    require_equal(run_through(folder / "through", list(kubectls().values()), simulated=False), len(kubectls()))


def test_kubectl_prints_the_same_where_an_agent_dialed_out(folder: Path) -> None:
    require_equal(run_through(folder / "behind", [kubectl_binary()], simulated=False, agent=True), 1)


def require_equal(outcomes: list[Outcome], binaries: int) -> None:
    assert [f"{outcome.command}: {outcome.detail}" for outcome in unexplained(outcomes)] == []
    equal = Counter(outcome.kubectl for outcome in outcomes if outcome.verdict == "equal")
    assert len(equal) == binaries
    assert min(equal.values()) >= FEWEST
