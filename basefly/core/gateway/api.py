"""The gateway as JSON. The clusters' own API is not here: it has a listener of its own."""

from __future__ import annotations

from typing import Annotated

import msgspec

from basefly.base.db.transaction import Tx
from basefly.base.principal import Principal
from basefly.base.runtime.house import House
from basefly.base.web import Body, QueryParameter, Request, Stream, get, post
from basefly.base.web.live import gone
from basefly.core.gateway import actions, manifest
from basefly.core.gateway.actions import Gateway
from basefly.core.gateway.credentials import Minted
from basefly.core.gateway.logs.sources import find
from basefly.core.gateway.logs.stream import Wanted, lines
from basefly.core.gateway.model import READ, WRITE
from basefly.core.gateway.verbs.model import Name, Propagation, Wish
from basefly.core.gateway.verbs.perform import Result, Target, perform

_STAMP = r"^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z)?$"
Tail = Annotated[int, QueryParameter(ge=0, le=100_000, description="The last so many lines of each container.")]
Since = Annotated[
    str, QueryParameter(pattern=_STAMP, description="Lines after this moment (RFC 3339, in UTC), instead of `tail`.")
]


class NewCredential(Body):
    """`cluster`, by id or name, is the only one that it opens; left out, it opens all that its source opens."""

    cluster: str | None = None


@get("/gateway", permission=READ, summary="Where kubectl speaks to clusters through the hub")
async def get_gateway(house: House, by: Principal) -> Gateway:
    """Its address and whom to trust there. A cluster's API is at `url`/clusters/ID; tokens of the hub open it."""
    return actions.about(house, by)


@post("/gateway/credentials", permission=READ, summary="Make a short-lived credential for clusters")
async def create_credential(request: Request, tx: Tx, by: Principal, data: NewCredential) -> Minted:
    """Good for the gateway alone, for 15 minutes, and no longer than the session or token that asks for it."""
    return await actions.mint(tx, by, request, data.cluster)


@get(
    "/gateway/manifest", permission=READ, summary="What a cluster needs to let people through", media_type="text/plain"
)
async def get_manifest(by: Principal) -> str:
    """RBAC for `kubectl apply -f`: what each group of the hub may in the cluster, and that the hub may name people."""
    by.require(READ)
    return manifest.render(by.org_id)


class NewChange(Body):
    """A verb, what it needs, and the objects that it is done to."""

    verb: Name
    objects: list[Target]
    replicas: int | None = None
    propagation: Propagation = "background"
    grace: int | None = None


class Changes(msgspec.Struct, frozen=True):
    """What came of it, for each object in their order."""

    results: list[Result]


@post("/object-changes", permission=WRITE, status_code=200, summary="Do something to objects, over any clusters")
async def change_objects(house: House, by: Principal, data: NewChange) -> Changes:
    """Restart, scale, pause, resume, cordon, uncordon, suspend, unsuspend or delete, each under your own name.

    Every object has a result of its own: `done`, `refused` (by the hub, or not there) or `failed` (by the cluster).
    """
    wish = Wish(verb=data.verb, replicas=data.replicas, propagation=data.propagation, grace=data.grace)
    return Changes(await perform(house, by, wish, data.objects))


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
    """Lines of text as they come, with the pod and container before each where there are several.

    It ends with the containers unless it follows, and when the right to read does. Of a workload at most 40 containers.
    """
    target = Target(cluster=cluster, resource=resource, namespace=namespace, name=name)
    sources = await find(house, by, target, container)
    wanted = Wanted(follow=follow, previous=previous, timestamps=timestamps, tail=tail, since=since)

    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    body = lines(house, by, sources, wanted, lambda: gone(request, by))
    return Stream(body, media_type="text/plain; charset=utf-8", headers=headers)


HANDLERS = (get_log, get_gateway, create_credential, get_manifest, change_objects)
