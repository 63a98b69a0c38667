"""The kinds that the fleet has, and which of them a word means."""

from __future__ import annotations

from typing import Any

from basefly.cli.client.hub import Hub
from basefly.cli.exits import Exit, Failure
from basefly.cli.fleet.connection import similar

ALL = (  # what kubectl means by `get all`
    "pods",
    "services",
    "daemonsets.apps",
    "deployments.apps",
    "replicasets.apps",
    "statefulsets.apps",
    "horizontalpodautoscalers.autoscaling",
    "jobs.batch",
    "cronjobs.batch",
)

Resource = dict[str, Any]


class Kinds:
    """Every resource of the fleet, as `GET /resources` describes it."""

    def __init__(self, hub: Hub) -> None:
        self._resources: list[Resource] = hub.get("/resources")["items"]

    def expand(self, word: str) -> list[Resource]:
        """The resources that a word means: one, or several for `all`."""
        if word == "all":
            there = {resource["name"]: resource for resource in self._resources}
            return [there[name] for name in ALL if name in there]
        return [self.named(word)]

    def named(self, word: str) -> Resource:
        """The resource of this plural, kind or short name, with or without its group."""
        if not self._resources:
            raise Failure(
                "There is no cluster yet whose objects could be listed.",
                cure="`basefly clusters register`, then wait a few seconds for the first list.",
                exit_code=Exit.NOT_FOUND,
            )
        ranked = [
            (rank, r["group"] != "", -r["count"], r["name"], r)
            for r in self._resources
            if (rank := _rank(r, word.lower()))
        ]
        if ranked:
            return min(ranked, key=lambda entry: entry[:4])[-1]
        near = similar(word.lower(), [r["plural"] for r in self._resources])
        cure = f"Did you mean {near}?" if near else "`basefly kinds` shows those that there are."
        raise Failure(f"No cluster has a kind {word!r}.", cure=cure, exit_code=Exit.NOT_FOUND)

    def all(self) -> list[Resource]:
        """Every resource, by name."""
        return self._resources


def _rank(resource: Resource, word: str) -> int:
    """How exactly a word names a resource: 1 best, 0 not at all."""
    kind = resource["kind"].lower()
    exact = (resource["name"], *resource["short"])
    qualified = (f"{kind}.{resource['group']}", f"{resource['plural']}.{resource['version']}.{resource['group']}")
    if word in exact:
        return 1
    if word in qualified:
        return 2
    return 3 if word in (resource["plural"], kind) else 0
