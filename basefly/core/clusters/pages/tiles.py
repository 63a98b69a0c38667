"""Clusters as tiles, grouped by where they are or by a label of theirs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import groupby

from basefly.base.web.language import t
from basefly.core.clusters.model import Cluster

OWN = ("region", "provider", "version")
LABELS_OFFERED = 8
_SICK = {"unreachable": 0, "degraded": 1}


def groups(clusters: Sequence[Cluster], key: str) -> list[tuple[str, list[Cluster]]]:
    """Clusters by region, provider or version, or by the label of that key; those without come last."""
    ordered = sorted(clusters, key=lambda c: (not _of(c, key), _of(c, key), _SICK.get(c.health, 2), c.name))
    return [(name or t("Without"), list(group)) for name, group in groupby(ordered, key=lambda c: _of(c, key))]


def keys(clusters: Sequence[Cluster]) -> list[str]:
    """What they can be grouped by: their own traits, then the labels that most of them have."""
    labels = Counter(key for cluster in clusters for key in cluster.labels)
    return [*OWN, *(key for key, _ in labels.most_common(LABELS_OFFERED))]


def _of(cluster: Cluster, key: str) -> str:
    if key == "version":
        return ".".join(cluster.version.removeprefix("v").split(".")[:2])
    if key == "provider":
        return cluster.provider
    return cluster.region if key in ("", "region") else cluster.labels.get(key, "")
