"""The gateway as JSON. The clusters' own API is not here: it has a listener of its own."""

from __future__ import annotations

from datetime import datetime

import msgspec

from basefly.base.db.transaction import Tx
from basefly.base.principal import Principal
from basefly.base.runtime.house import House
from basefly.base.web import Body, Request, get, post
from basefly.core.gateway import actions, manifest
from basefly.core.gateway.actions import Gateway
from basefly.core.gateway.credentials import Minted
from basefly.core.gateway.model import READ, WRITE
from basefly.core.gateway.verbs import revisions
from basefly.core.gateway.verbs.model import Name, Propagation, Wish
from basefly.core.gateway.verbs.perform import Result, Target, address, perform
from basefly.core.history.versions.difference import written


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
    """A verb, what it needs, and the objects that it is done to.

    `changes` are labels or annotations, null for one that goes; `revision` is where to roll back to, left out for the
    one before the present.
    """

    verb: Name
    objects: list[Target]
    replicas: int | None = None
    revision: int | None = None
    changes: dict[str, str | None] = msgspec.field(default_factory=dict)
    propagation: Propagation = "background"
    grace: int | None = None


class Changes(msgspec.Struct, frozen=True):
    """What came of it, for each object in their order."""

    results: list[Result]


@post("/object-changes", permission=WRITE, status_code=200, summary="Do something to objects, over any clusters")
async def change_objects(house: House, by: Principal, data: NewChange) -> Changes:
    """Restart, scale, roll back, run now, label, delete and so on, each under your own name.

    Every object has a result of its own: `done`, `refused` (by the hub, or not there) or `failed` (by the cluster).
    """
    asked = {name: getattr(data, name) for name in Wish.__struct_fields__}
    return Changes(await perform(house, by, Wish(**asked), data.objects))


class Revision(msgspec.Struct, frozen=True, kw_only=True):
    """What a workload was; `difference` leads to it from what it is now, as `diff -u` prints it."""

    number: int
    created_at: datetime
    cause: str
    present: bool
    difference: str


class Revisions(msgspec.Struct, frozen=True):
    """The latest first."""

    items: list[Revision]


@get(
    "/clusters/{cluster:str}/objects/{resource:str}/{name:str}/revisions",
    permission=READ,
    summary="What a workload was before, and how that differs",
)
async def list_revisions(
    house: House, by: Principal, cluster: str, resource: str, name: str, namespace: str = ""
) -> Revisions:
    """Those of a deployment, stateful set or daemon set that its cluster still has."""
    place = await address(house, by, Target(cluster=cluster, resource=resource, namespace=namespace, name=name))
    found = (await revisions.find(house, by, place)).found
    return Revisions([
        Revision(
            number=each.number,
            created_at=each.created_at,
            cause=each.cause,
            present=each.present,
            difference=written(each.change),
        )
        for each in found
    ])  # fmt: skip


HANDLERS = (get_gateway, create_credential, get_manifest, change_objects, list_revisions)
