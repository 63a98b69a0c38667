"""Logs as text that comes as it is written: of one object, or of pods with some labels, over clusters."""

from __future__ import annotations

from typing import Annotated

from basefly.base.principal import Principal
from basefly.base.runtime.house import House
from basefly.base.web import QueryParameter, Request, Stream, get
from basefly.base.web.live import gone
from basefly.core.gateway.model import READ
from basefly.core.gateway.verbs.perform import Target
from basefly.core.logs.sources import Selection, Sources, find, select
from basefly.core.logs.stream import Wanted, lines

_STAMP = r"^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z)?$"
Tail = Annotated[int, QueryParameter(ge=0, le=100_000, description="The last so many lines of each container.")]
Since = Annotated[
    str, QueryParameter(pattern=_STAMP, description="Lines after this moment (RFC 3339, in UTC), instead of `tail`.")
]
Labels = Annotated[str, QueryParameter(description="A label selector as kubectl reads it: app=web.")]


@get(
    "/clusters/{cluster:str}/objects/{resource:str}/{name:str}/log",
    permission=READ,
    media_type="text/plain",
    summary="What the containers of a pod or of a workload say",
)
async def get_log(
    request: Request,
    house: House,
    by: Principal,
    cluster: str,
    resource: str,
    name: str,
    namespace: str = "",
    container: str = "",
    follow: bool = False,
    previous: bool = False,
    timestamps: bool = False,
    tail: Tail = 500,
    since: Since = "",
) -> Stream:
    """Lines of text in the order of time, with the pod and container before each where there are several.

    It ends with the containers unless it follows, and when the right to read does. Of a workload at most 40 containers.
    """
    target = Target(cluster=cluster, resource=resource, namespace=namespace, name=name)
    wanted = Wanted(follow=follow, previous=previous, timestamps=timestamps, tail=tail, since=since)
    return _streamed(request, house, by, await find(house, by, target, container), wanted)


@get("/logs", permission=READ, media_type="text/plain", summary="What the pods with some labels say, over clusters")
async def get_logs(
    request: Request,
    house: House,
    by: Principal,
    labels: Labels,
    cluster: list[str] | None = None,
    set: list[str] | None = None,  # noqa: A002  # the name of the parameter in the address
    namespace: list[str] | None = None,
    container: str = "",
    follow: bool = False,
    previous: bool = False,
    timestamps: bool = False,
    tail: Tail = 100,
    since: Since = "",
) -> Stream:
    """As of one object; the cluster and the namespace are named before each line where there are several.

    Of at most 40 containers of the pods that there are as it begins. A cluster that does not answer says so in a line.
    """
    selection = Selection(
        labels=labels,
        cluster=tuple(cluster or ()),
        set=tuple(set or ()),
        namespace=tuple(namespace or ()),
        container=container,
    )
    wanted = Wanted(follow=follow, previous=previous, timestamps=timestamps, tail=tail, since=since)
    return _streamed(request, house, by, await select(house, by, selection), wanted)


def _streamed(request: Request, house: House, by: Principal, sources: Sources, wanted: Wanted) -> Stream:
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    body = lines(house, by, sources, wanted, lambda: gone(request, by))
    return Stream(body, media_type="text/plain; charset=utf-8", headers=headers)


HANDLERS = (get_log, get_logs)
