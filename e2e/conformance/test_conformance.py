"""The simulated cluster answers as a real API server does, and every difference is one that is known."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from e2e.conformance.compare import BAR, equal_share, run

FEWEST = 300
"""Exchanges below which the comparison says too little."""


def test_the_simulated_cluster_answers_as_a_real_one(folder: Path) -> None:
    exchanges = run(folder / "conformance")
    unknown = [
        f"{e.name} at {found.path}: {found.real!r}, {found.simulated!r}" for e in exchanges for found in e.unknown
    ]
    assert unknown == []
    assert Counter(exchange.verdict for exchange in exchanges)["equal"] >= FEWEST
    assert equal_share(exchanges) >= BAR
