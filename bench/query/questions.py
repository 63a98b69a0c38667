"""What is asked: the same addresses of the hub and of its rival, in groups that a bar each stands for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from urllib.parse import urlencode

import msgspec

from basefly.core.inventory import model
from basefly.core.sync import kinds

ROWS = 100
LIST = "/api/v1/objects/pods"
RARE, COMMON = "checkout-7", "web"  # parts of names: of some dozens, and of every tenth


class Group(msgspec.Struct, frozen=True):
    """Questions of one sort, mixed evenly; how many a second all users together ask; the bar on p99, ms by size."""

    name: str
    rate: float
    questions: Mapping[str, str]
    most: Mapping[str, float]


def groups() -> list[Group]:
    """All of them, in the order in which they are asked."""
    page = {"S": 100.0, "M": 150.0, "L": 200.0}
    return [
        Group("lists by every column", 50.0, dict(_sorted()), page),
        Group("lists with a filter", 50.0, dict(_filtered()), page),
        Group("search", 20.0, dict(_searches()), page),
        Group("counts with facets", 10.0, dict(_facets()), dict.fromkeys("SML", 300.0)),
    ]


def streams(clusters: Sequence[str]) -> dict[str, str]:
    """Every pod of these clusters as one file."""
    place = [("cluster", name) for name in clusters]
    return {form: f"/pods/export?{urlencode([*place, ('format', form)])}" for form in ("csv", "json")}


def _list(**asked: object) -> str:
    return f"{LIST}?{urlencode({'limit': ROWS, **asked})}"


def _sorted() -> Iterator[tuple[str, str]]:
    pods = kinds.named("pods")
    assert pods is not None, "pods are a kind of ours"
    for column in model.sortable(pods):
        for sort in (column, f"-{column}"):
            yield f"by {sort}", _list(sort=sort)


def _filtered() -> Iterator[tuple[str, str]]:
    yield "namespace", _list(namespace="shop")
    yield "namespace, by -restarts", _list(namespace="shop", sort="-restarts")
    yield "status", _list(status="CrashLoopBackOff")
    yield "status, by -created_at", _list(status="Running", sort="-created_at")
    yield "health", _list(health="bad")
    yield "health, by node", _list(health="bad", sort="node")
    yield "label", _list(labels="app=web")
    yield "label, by -restarts", _list(labels="app=web", sort="-restarts")
    yield "text", _list(q=RARE)
    yield "common text", _list(q=COMMON)
    yield "common text, by -created_at", _list(q=COMMON, sort="-created_at")
    yield "text that nothing has", _list(q="no-pod-has-this")


def _searches() -> Iterator[tuple[str, str]]:
    for word in (RARE, COMMON, "no-pod-has-this", "api", "shop"):
        yield f"search {word}", f"/api/v1/search?{urlencode({'q': word})}"


def _facets() -> Iterator[tuple[str, str]]:
    for name, asked in {
        "all pods": {},
        "of a namespace": {"namespace": "shop"},
        "of a status": {"status": "CrashLoopBackOff"},
        "of a label": {"labels": "app=web"},
        "of a word": {"q": RARE},
    }.items():
        yield f"facets {name}", f"{LIST}/facets?{urlencode(asked)}"
