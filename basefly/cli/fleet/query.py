"""What someone asks of a list of the fleet, and the rows that answer it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from basefly.cli.client.hub import Hub
from basefly.cli.exits import misuse
from basefly.cli.fleet.freshness import Freshness
from basefly.cli.fleet.kinds import Resource
from basefly.cli.fleet.reference import Reference
from basefly.cli.show.objects import Layout

PAGE = 1000
DEFAULT_NAMESPACE = "default"
NO_COLUMNS = ("q", "labels", "sort", "limit", "cursor")  # they have options of their own
REPEATED = ("cluster", "namespace", "set", "status", "health")  # of several values, any fits


@dataclass(frozen=True)
class Asked:
    """What someone wants to see, in their own words. Without namespaces: the namespace default, as with kubectl."""

    references: list[Reference]
    clusters: list[str] = field(default_factory=list)
    namespaces: list[str] = field(default_factory=list)
    everywhere: bool = False
    selector: str = ""
    match: str = ""
    where: list[str] = field(default_factory=list)
    sort: str = ""
    limit: int = 0
    output: str = "table"
    headed: bool = True
    labels: bool = False

    def params(self, resource: Resource, reference: Reference) -> dict[str, Any]:
        """The query for one kind."""
        namespaces = [reference.namespace] if reference.namespace else self.namespaces
        if not namespaces and not self.everywhere and not reference.name:
            namespaces = [DEFAULT_NAMESPACE]
        params: dict[str, Any] = {
            "cluster": [reference.cluster] if reference.cluster else self.clusters,
            "namespace": namespaces if resource["namespaced"] else [],
            "q": f'"{reference.name}"' if reference.name else self.match,
            "labels": self.selector,
            "sort": self.sort,
            "limit": min(self.limit or PAGE, PAGE) if not reference.name else PAGE,
        }
        given = _columns(self.where)
        if given.get("namespace"):
            params["namespace"] = []
        return {name: value for name, value in (params | given).items() if value}

    def layout(self, resource: Resource, *, prefixed: bool = False) -> Layout:
        """The columns for one kind."""
        return Layout(
            resource["name"],
            resource["columns"],
            namespaced=resource["namespaced"],
            wide=self.output == "wide",
            labels=self.labels,
            prefixed=prefixed,
        )


def _columns(where: list[str]) -> dict[str, Any]:
    """`--where node=n1` for each column."""
    pairs = [condition.partition("=") for condition in where]
    wrong = next((name for name, sign, _ in pairs if not sign or not name or name in NO_COLUMNS), None)
    if wrong is not None:
        raise misuse(f"--where {wrong!r} is no condition.", "Write COLUMN=VALUE, for example --where node=worker-1.")
    several = {word: [value for name, _, value in pairs if name == word] for word in REPEATED}
    return {name: value for name, _, value in pairs if name not in REPEATED} | {n: v for n, v in several.items() if v}


def rows(hub: Hub, asked: Asked, resource: Resource, reference: Reference, fresh: Freshness) -> Iterator[list[Any]]:
    """Pages of objects that fit; a name must fit exactly."""
    left = asked.limit or None
    for page in hub.pages(f"/objects/{resource['name']}", asked.params(resource, reference)):
        fresh.add(page)
        items = [item for item in page["items"] if reference.name in ("", item["name"])]
        items = items[:left]
        yield items
        left = left and left - len(items)
        if left == 0:
            return
