"""Runs the families against both sides and compares answer with answer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

from e2e.conformance.families import FAMILIES
from e2e.conformance.known import reason
from e2e.conformance.normal import Difference, differences, normal
from e2e.conformance.sides import Answer, Side, real_side, simulated_side

BAR = 0.95
"""The least share of compared exchanges that must be equal."""


class Exchange(NamedTuple):
    """One question to both sides, and where their answers differ; `refused` where the simulator said 501."""

    family: str
    title: str
    differences: tuple[Difference, ...]
    refused: bool = False

    @property
    def verdict(self) -> str:
        return "refused" if self.refused else "different" if self.differences else "equal"

    @property
    def unknown(self) -> list[Difference]:
        """The differences that are on no list."""
        return [] if self.refused else [found for found in self.differences if not reason(self.name, found.path)]

    @property
    def name(self) -> str:
        return f"{self.family}: {self.title}"


def run(folder: Path, only: Collection[str] = ()) -> list[Exchange]:
    """Every exchange of the families (all of them, if none is named) with both sides at once."""
    folder.mkdir(parents=True, exist_ok=True)
    wanted = [name for name in FAMILIES if not only or name in only]
    with real_side(folder) as real, simulated_side(folder) as simulated, ThreadPoolExecutor(2) as pool:
        for done in [pool.submit(_ask_all, side, wanted) for side in (real, simulated)]:
            done.result()
    return list(_compared(real, simulated))


def equal_share(exchanges: Collection[Exchange]) -> float:
    """The share of equal ones among those compared; what is refused is not compared."""
    counted = Counter(exchange.verdict for exchange in exchanges)
    return counted["equal"] / max(counted["equal"] + counted["different"], 1)


def _ask_all(side: Side, families: Collection[str]) -> None:
    for name in families:
        side.family = name
        FAMILIES[name](side)


def _compared(real: Side, simulated: Side) -> Iterator[Exchange]:
    for name in {**real.answers, **simulated.answers}:
        family, _, title = name.partition(": ")
        one, other = real.answers.get(name), simulated.answers.get(name)
        if one is None or other is None:
            where = "real" if one else "simulated"
            yield Exchange(family, title, (Difference("", f"asked of the {where} side alone", ""),))
            continue
        yield Exchange(family, title, _differences(one, other), refused=other.status == 501)


def _differences(one: Answer, other: Answer) -> tuple[Difference, ...]:
    return tuple(differences(normal(one.value()), normal(other.value())))
