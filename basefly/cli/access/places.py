"""Over what: from options to the API's words, and back to people's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from basefly.cli.access.listing import find
from basefly.cli.client.hub import Hub
from basefly.cli.exits import misuse


class Place(NamedTuple):
    """What the options say."""

    clusters: list[str]
    labels: str
    region: str
    namespaces: list[str]

    def body(self, hub: Hub) -> dict[str, Any]:
        """The same, for the API."""
        if sum(map(bool, (self.clusters, self.labels, self.region))) > 1:
            raise misuse("Clusters are chosen in one way.", "Give --cluster, --labels or --region.")
        where: dict[str, Any] = {"namespaces": self.namespaces} if self.namespaces else {}
        if self.clusters:
            names = known(hub)
            ids = [find(names, word, "cluster")["id"] for word in self.clusters]
            return where | {"clusters": "ids", "cluster_ids": ids}
        if self.labels:
            return where | {"clusters": "labels", "labels": self.labels}
        return where | ({"clusters": "region", "region": self.region} if self.region else {})


def known(hub: Hub) -> list[dict[str, Any]]:
    """The clusters in sight."""
    return [cluster for page in hub.pages("/clusters", {}) for cluster in page["items"]]


def told(where: Mapping[str, Any], names: Mapping[str, str]) -> str:
    """A place in words."""
    clusters = {
        "all": "all",
        "ids": ",".join(sorted(names.get(id_, id_) for id_ in where.get("cluster_ids") or ())),
        "labels": f"labels {where.get('labels')}",
        "region": f"region {where.get('region')}",
    }[where["clusters"]]
    namespaces = where.get("namespaces")
    return f"{clusters}: {','.join(namespaces)}" if namespaces else clusters


def named(hub: Hub, items: list[dict[str, Any]]) -> dict[str, str]:
    """The names of clusters by id; asked for only where a place names any."""
    if not any(item["where"]["clusters"] == "ids" for item in items):
        return {}
    return {cluster["id"]: cluster["name"] for cluster in known(hub)}
