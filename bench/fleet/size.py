"""The sizes of fleets that the bars name (S, M, L), and a few clusters to see that a bench runs."""

from __future__ import annotations

import msgspec

from bench.report import Run


class Size(msgspec.Struct, frozen=True):
    """How many clusters, and how many nodes and pods each of them has, about."""

    clusters: int
    nodes: int
    pods: int

    def __str__(self) -> str:
        return f"{self.clusters:,} clusters with {self.nodes} nodes and {self.pods:,} pods each, all simulated"


SIZES = {"S": Size(100, 10, 1000), "M": Size(500, 10, 1000), "L": Size(1000, 20, 1000)}
QUICK = Size(5, 2, 50)


def size(options: Run) -> Size:
    return QUICK if options.quick else SIZES[options.size]
