"""The hub reads requests as a real API server does: of each that it passes on, the server's audit log says the same."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import NamedTuple

from basefly.core.gateway.model import Act
from basefly.core.gateway.paths import Unclear, parse
from bench.proxy.ways import Way, of
from e2e.control_plane import ControlPlane
from e2e.plane.audit_log import Entry
from e2e.plane.program import eventually

ASKED = 8000
FEWEST = 3000  # passed on
SIDE_BY_SIDE = 4
made_up = random.Random(6)  # noqa: S311 - requests, no secrets; the same in every run

METHODS = ("GET", "GET", "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
ROOTS = (
    "/api/v1", "/api/v1", "/apis/apps/v1", "/apis/apps/v1", "/apis/a.example/v1", "/api", "/apis/apps", "/openapi/v3",
    "",
)  # fmt: skip
PARTS = (
    "namespaces", "namespaces", "shop", "pods", "pods", "nodes", "secrets", "deployments", "web", "status", "finalize",
    "exec", "log", "scale", "proxy", "watch", "token", "a.b", "UPPER", "a:b", "x=y", "~", "@", "%41b", "%3A", "%c3%a9",
    "%2e", "%2F", "", "..", "a%20b", "api", "apis", "v1",
)  # fmt: skip
QUERY = (
    "watch", "watch=", "watch=true", "watch=1", "watch=yes", "watch=0", "watch=False", "watch=t", "watch=false&watch=1",
    "limit=5", "limit=many", "follow=true", "fieldSelector=metadata.name%3Dweb", "x=%zz", "x=1;watch=1",
    "Watch=true", "w%61tch=true",
)  # fmt: skip


class Read(NamedTuple):
    """What somebody takes a request for."""

    verb: str
    group: str
    version: str
    resource: str
    subresource: str
    namespace: str
    name: str


def test_the_hub_reads_requests_as_the_server_does(folder: Path) -> None:
    with ControlPlane.start(folder / "paths", name="paths", controllers=False) as plane:
        kubeconfig = folder / "nobody.kubeconfig"
        kubeconfig.write_text(plane.kubeconfig_text(user="nobody"))  # who may do nothing, but is read all the same
        acts = dict(enumerate(passed_on()))
        with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
            lots = [list(acts.items())[each::SIDE_BY_SIDE] for each in range(SIDE_BY_SIDE)]
            list(pool.map(partial(ask, of("nobody", kubeconfig)), lots))
        eventually(lambda: len(told(plane)) == len(acts), seconds=20, pause=0.5)
        entries = told(plane)
    assert len(acts) >= FEWEST
    differing = [
        f"{method} {target}: we read {ours}, they {theirs}"
        for number, (method, target, act) in acts.items()
        if (ours := by_us(act)) != (theirs := by_them(entries[str(number)], act))
    ]
    assert differing == []


def passed_on() -> Iterator[tuple[str, str, Act]]:
    """Requests made up of what paths are made of, in every order, that the hub would pass on."""
    for _ in range(ASKED):
        method = made_up.choice(METHODS)
        path = "/".join((made_up.choice(ROOTS), *made_up.choices(PARTS, k=made_up.randrange(7))))
        query = "&".join(made_up.choices(QUERY, k=made_up.randrange(3)))
        target = f"{path}?{query}" if query else path
        try:
            yield method, target, parse(method, target)
        except Unclear:
            continue


def ask(way: Way, acts: Sequence[tuple[int, tuple[str, str, Act]]]) -> None:
    """Each request, under a number that the audit log has too."""
    connection = way.connect()
    for number, (method, target, _) in acts:
        connection.request(method, target, headers={**way.headers, "Audit-ID": str(number)})
        connection.getresponse().read()
    connection.close()


def told(plane: ControlPlane) -> dict[str, Entry]:
    return {entry.audit_id: entry for entry in plane.audit_log() if entry.user.username == "nobody"}


def by_us(act: Act) -> Read:
    return Read(act.verb, act.group, act.version, act.resource, act.subresource, act.namespace, act.name)


def by_them(entry: Entry, act: Act) -> Read:
    """A selector of one name is that name to the server; the hub has no use for it."""
    there = entry.object_ref
    name = there.name if act.name or act.verb not in ("list", "watch", "deletecollection") else ""
    verb = "get" if not there.resource and entry.verb == "head" else entry.verb
    return Read(verb, there.api_group, there.api_version, there.resource, there.subresource, there.namespace, name)
