"""Watches: each is opened at a version behind what has happened, and read until its timeout."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from e2e.conformance.families.kinds import METADATA, TABLE
from e2e.conformance.sides import Side

_WRONG = (
    "resourceVersion=x", "resourceVersionMatch=NotOlderThan&resourceVersion=1", "resourceVersionMatch=Exact",
    "sendInitialEvents=true", "sendInitialEvents=true&resourceVersionMatch=Exact", "labelSelector=,",
    "fieldSelector=spec.none%3D1", "timeoutSeconds=x", "limit=2&timeoutSeconds=1&resourceVersion=999999999",
)  # fmt: skip


def sequences(side: Side) -> None:
    path = side.namespace("conform-watches") + "/configmaps"
    start = _happen(side, path)
    watches = {
        "everything since": f"resourceVersion={start}",
        "through a label": f"resourceVersion={start}&labelSelector=tier%3Dred",
        "through a field": f"resourceVersion={start}&fieldSelector=metadata.name%3Dtwo",
        "with bookmarks": f"resourceVersion={start}&labelSelector=none&allowWatchBookmarks=true",
        "from nothing": "labelSelector=tier",
        "from version 0": "resourceVersion=0&labelSelector=tier",
        "initial events": f"sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true&{_TIER}",
        "initial events without bookmarks": f"sendInitialEvents=true&resourceVersionMatch=NotOlderThan&{_TIER}",
        "initial events at a version": "sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks="
        f"true&resourceVersion={start}&{_TIER}",
        "no initial events": "sendInitialEvents=false&resourceVersionMatch=NotOlderThan"
        f"&resourceVersion={start}&{_TIER}",
        "by name": f"resourceVersion={start}&fieldSelector=metadata.name%3Done",
    }
    plain = f"{path}?watch=true&timeoutSeconds=2"
    initial = f"{plain}&sendInitialEvents=true&allowWatchBookmarks=true&resourceVersionMatch=NotOlderThan&{_TIER}"
    since = f"timeoutSeconds=2&resourceVersion={start}"
    with ThreadPoolExecutor(8) as pool:
        asked = [
            *(pool.submit(side.ask, title, "GET", f"{plain}&{query}") for title, query in watches.items()),
            pool.submit(side.ask, "as tables", "GET", f"{plain}&resourceVersion={start}", Accept=TABLE),
            pool.submit(side.ask, "as metadata", "GET", f"{plain}&resourceVersion={start}", Accept=METADATA),
            pool.submit(side.ask, "as metadata, initial events", "GET", initial, Accept=METADATA),
            pool.submit(side.ask, "as tables, initial events", "GET", initial, Accept=TABLE),
            pool.submit(side.ask, "everywhere", "GET", f"/api/v1/configmaps?watch=true&{since}&{_TIER}"),
            pool.submit(side.ask, "one object by its path", "GET", f"{path}/one?watch=true&{since}"),
            pool.submit(side.ask, "the old path", "GET", f"{path.replace('/v1/', '/v1/watch/')}?{since}"),
            pool.submit(side.ask, "a kind without watch", "GET", f"{_REVIEWS}?watch=true"),
        ]
        for one in asked:
            one.result()
    for query in _WRONG:
        side.ask(f"refused: {query}", "GET", f"{path}?watch=true&{query}")


_TIER = "labelSelector=tier"
_REVIEWS = "/apis/authorization.k8s.io/v1/subjectaccessreviews"


def _happen(side: Side, path: str) -> str:
    """Objects come, change, change their labels, and go; the version before all that."""
    start: str = side.quietly("POST", path, {"metadata": {"name": "zero"}})["metadata"]["resourceVersion"]
    for name, tier in (("one", "red"), ("two", "blue"), ("three", "red")):
        side.quietly("POST", path, {"metadata": {"name": name, "labels": {"tier": tier}}})
    for name, change in (
        ("one", {"data": {"a": "1"}}),
        ("one", {"metadata": {"labels": {"tier": "blue"}}}),
        ("two", {"metadata": {"labels": {"tier": "red"}}}),
        ("two", {"data": {"a": "2"}}),
    ):
        side.quietly("PATCH", f"{path}/{name}", change, Content_Type="application/merge-patch+json")
    side.quietly("DELETE", f"{path}/three")
    return start
