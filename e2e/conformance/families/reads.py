"""Lists with every option: selectors, pages to the end, versions, and options that do not go together."""

from __future__ import annotations

from e2e.conformance.sides import Side

_LABELS = (
    "n=1", "n==1", "n!=1", "n", "!n", "n in (1,2)", "n notin (1,2)", "n in (1),odd=yes", "odd=", "odd!=", "n>3", "n<2",
    "n in ()", "n=1,n=2", " n = 1 , odd ",
)  # fmt: skip
_WRONG_LABELS = ("n=1=2", "n in", "n in (1", ",", "n=1,", "!", "n>x", "=1", "n @ 1", "-x=1", "n=-x")
_FIELDS = (
    "metadata.name=c-1", "metadata.name==c-1", "metadata.name!=c-1", "metadata.namespace=conform-reads",
    "metadata.name=c-1,metadata.name=c-2", "metadata.name=none",
)  # fmt: skip
_WRONG_FIELDS = ("spec.nothing=1", "metadata.name", "metadata.name=c-1,", "metadata.labels.n=1", "metadata.name~c")
_OPTIONS = (
    "resourceVersion=0", "resourceVersion=0&limit=2", "resourceVersion=0&resourceVersionMatch=NotOlderThan",
    "resourceVersion=0&resourceVersionMatch=Exact", "resourceVersion=x", "resourceVersion=-1", "resourceVersion=1.5",
    "resourceVersionMatch=Exact", "resourceVersionMatch=Nonsense&resourceVersion=1",
    "resourceVersionMatch=NotOlderThan",
    "sendInitialEvents=true", "sendInitialEvents=false", "sendInitialEvents=true&resourceVersionMatch=NotOlderThan",
    "limit=x", "limit=-1", "limit=0", "limit=1000", "timeoutSeconds=x", "continue=nonsense", "pretty=true",
    "continue=nonsense&resourceVersion=3", "watch=false", "watch=0", "allowWatchBookmarks=true", "unknown=1",
)  # fmt: skip
_PODS = ("status.phase=Pending", "spec.nodeName=", "spec.nodeName=n", "spec.restartPolicy=Always", "status.podIP=",
         "spec.schedulerName=default-scheduler", "spec.serviceAccountName=", "spec.nothing=1")  # fmt: skip


def lists(side: Side) -> None:
    path = side.namespace("conform-reads") + "/configmaps"
    versions = []
    for number in range(7):
        labels = {"n": str(number)} | ({"odd": "yes"} if number % 2 else {}) | ({} if number else {"odd": ""})
        made = side.quietly("POST", path, {"metadata": {"name": f"c-{number}", "labels": labels}, "data": {"a": "1"}})
        versions.append(made["metadata"]["resourceVersion"])
    only = "fieldSelector=metadata.name!%3Dkube-root-ca.crt"
    for selector in (*_LABELS, *_WRONG_LABELS):
        side.ask(f"labels {selector!r}", "GET", f"{path}?{only}&labelSelector={_quoted(selector)}")
    for selector in (*_FIELDS, *_WRONG_FIELDS):
        side.ask(f"fields {selector!r}", "GET", f"{path}?labelSelector=n&fieldSelector={_quoted(selector)}")
    for options in _OPTIONS:
        side.ask(f"?{options}", "GET", f"{path}?labelSelector=n&{options}")
    _versions(side, path, versions)
    _pages(side, path)
    _pods(side)


def _versions(side: Side, path: str, versions: list[str]) -> None:
    old, new = versions[2], versions[-1]
    for match in ("", "&resourceVersionMatch=Exact", "&resourceVersionMatch=NotOlderThan", "&limit=2"):
        side.ask(f"an older version{match}", "GET", f"{path}?labelSelector=n&resourceVersion={old}{match}")
        side.ask(f"the newest version{match}", "GET", f"{path}?labelSelector=n&resourceVersion={new}{match}")
    far = int(new) + 1_000_000
    side.ask("a version too large", "GET", f"{path}?labelSelector=n&resourceVersion={far}")
    side.ask("a version too large, exactly", "GET", f"{path}?resourceVersion={far}&resourceVersionMatch=Exact")
    side.ask("one object at a version", "GET", f"{path}/c-1?resourceVersion=0")
    side.ask("one object at a version too large", "GET", f"{path}/c-1?resourceVersion={far}")
    side.ask("one object at no version", "GET", f"{path}/c-1?resourceVersion=x")


def _pages(side: Side, path: str) -> None:
    for title, query in (
        ("plain", "labelSelector=n&"),
        ("by field", "fieldSelector=metadata.name!%3Dkube-root-ca.crt&"),
    ):
        token = ""
        for page in range(5):
            answer = side.ask(f"page {page}, {title}", "GET", f"{path}?{query}limit=2{token}")
            token = f"&continue={answer['metadata'].get('continue', '')}"
            if token == "&continue=":
                break
    first = side.quietly("GET", f"{path}?limit=2")
    token = first["metadata"]["continue"]
    side.quietly("DELETE", f"{path}/c-6")
    side.ask("a page goes on in its past", "GET", f"{path}?limit=9&labelSelector=n&continue={token}")
    side.ask("a page with a version", "GET", f"{path}?limit=2&continue={token}&resourceVersion=1")


def _pods(side: Side) -> None:
    path = "/api/v1/namespaces/conform-reads/pods"
    for name, node in (("a", "n"), ("b", "")):
        spec = {"containers": [{"name": "main", "image": "x:1"}]} | ({"nodeName": node} if node else {})
        side.quietly("POST", path, {"metadata": {"name": name}, "spec": spec})
    for selector in _PODS:
        side.ask(f"pods by {selector}", "GET", f"{path}?fieldSelector={_quoted(selector)}", Accept=_NAMES)
    for resource, selector in (
        ("secrets", "type=Opaque"), ("services", "spec.type=ClusterIP"), ("events", "reason=x"),
        ("events", "type=Normal"),
        ("events", "involvedObject.kind=Pod"), ("replicationcontrollers", "status.replicas=0"),
        ("serviceaccounts", "secrets=x"),
    ):  # fmt: skip
        where = f"/api/v1/namespaces/conform-reads/{resource}?labelSelector=none&fieldSelector={_quoted(selector)}"
        side.ask(f"{resource} by {selector}", "GET", where)
    for path, selector in (("/api/v1/nodes", "spec.unschedulable=true"), ("/api/v1/namespaces", "status.phase=None"),
                           ("/apis/batch/v1/jobs", "status.successful=1"),
                           ("/apis/apps/v1/deployments", "status.replicas=1"),
                           ("/apis/apps/v1/replicasets", "status.replicas=1")):  # fmt: skip
        side.ask(f"{path} by {selector}", "GET", f"{path}?labelSelector=none&fieldSelector={_quoted(selector)}")


_NAMES = "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io"


def _quoted(selector: str) -> str:
    from urllib.parse import quote

    return quote(selector, safe="")
