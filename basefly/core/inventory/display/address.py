"""Addresses of pages: the state of a list is its address, and the page of an object follows from where it is."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from urllib.parse import quote, urlencode
from uuid import UUID

import msgspec

OWN_LISTS = {"nodes": "/nodes", "pods": "/pods"}
WORKLOADS = (
    "deployments.apps",
    "statefulsets.apps",
    "daemonsets.apps",
    "replicasets.apps",
    "jobs.batch",
    "cronjobs.batch",
)
# The kinds that events are about and that belong to no namespace, although the events about them do.
CLUSTER_WIDE = frozenset({"Node", "Namespace", "PersistentVolume", "StorageClass"})


class Address(msgspec.Struct, frozen=True):
    """The path and query of a list."""

    path: str
    query: tuple[tuple[str, str], ...] = ()

    def having(self, **changes: str) -> str:
        """The same list with these parameters changed, at its first page unless a cursor is given."""
        changes = {"cursor": "", **changes}
        kept = [(name, value) for name, value in self.query if name not in changes]
        return self._text([*kept, *changes.items()])

    def value(self, name: str) -> str:
        """The first value of a parameter, "" if it is not there."""
        return next((value for each, value in self.query if each == name), "")

    def without(self, name: str, value: str) -> str:
        """The same list without one value of a parameter."""
        return self._text((n, v) for n, v in self.query if (n, v) != (name, value) and n != "cursor")

    def _text(self, query: Iterable[tuple[str, str]]) -> str:
        text = urlencode([(name, value) for name, value in query if value])
        return f"{self.path}?{text}" if text else self.path

    def only(self, *names: str, **more: str) -> str:
        """The same list with no other parameters than these, and some more."""
        kept = [(name, value) for name, value in self.query if name in names]
        return self._text([*kept, *more.items()])

    def export(self, form: str) -> str:
        """Everything of this list as a file."""
        return Address(f"{self.path}/export", self.query).having(format=form)


def list_path(resource: str) -> str:
    """The page that lists a resource."""
    if resource in WORKLOADS:
        return f"/workloads/{resource}"
    return OWN_LISTS.get(resource) or f"/objects/{quote(resource, safe='')}"


@lru_cache(maxsize=10_000)  # what is on a page is mostly what was on it before
def object_path(cluster: UUID | str, resource: str, namespace: str, name: str) -> str:
    """The page of one object, of a cluster by its id or name."""
    path = f"/clusters/{quote(str(cluster), safe='')}/objects/{quote(resource, safe='')}/{quote(name, safe='')}"
    return f"{path}?{urlencode({'namespace': namespace})}" if namespace else path


def part_path(cluster: UUID | str, resource: str, namespace: str, name: str, part: str) -> str:
    """A page beside that of an object: its graph, its history."""
    place, mark, query = object_path(cluster, resource, namespace, name).partition("?")
    return f"{place}/{part}{mark}{query}"


def about_path(cluster: UUID | str, about: str, namespace: str) -> str:
    """The page of what an event is about, given as Kind/name."""
    kind, _, name = about.partition("/")
    return object_path(cluster, kind, "" if kind in CLUSTER_WIDE else namespace, name)
