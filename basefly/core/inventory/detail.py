"""One object, whole: live from its cluster while that answers, as last known otherwise; its family and its events."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Any

import msgspec

from basefly.base.db.pool import Database
from basefly.base.db.transaction import Tx
from basefly.base.errors import NotFound
from basefly.base.kube import errors as kube
from basefly.base.kube.discovery import Resource
from basefly.base.kube.objects import without_values
from basefly.base.principal import Principal
from basefly.base.web.language import sentence
from basefly.core.clusters.connections import Connections
from basefly.core.clusters.model import ClusterState
from basefly.core.inventory import model
from basefly.core.inventory.answers import READ, visible_clusters
from basefly.core.inventory.loads import with_loads
from basefly.core.inventory.model import InventoryObject, StoredObject
from basefly.core.inventory.store import objects
from basefly.core.sync import freshness
from basefly.core.sync.kind import Kind
from basefly.core.sync.model import Stream
from basefly.core.sync.store import streams

PATIENCE = 5.0  # s that a person waits for the object itself; then what is known of it serves
EPITAPHS = {
    "missed": "It went while the hub could not see it.",
    "restored": "It went when the cluster was restored from a backup.",
    "unserved": "The cluster no longer serves this kind.",
}


class Path(msgspec.Struct, frozen=True, kw_only=True):
    """Where an object is: the cluster and the resource by any of their names."""

    cluster: str
    resource: str
    namespace: str = ""
    name: str


class Edge(msgspec.Struct, frozen=True, rename={"owner": "from", "owned": "to"}):
    """One ownership, by uid."""

    owner: str
    owned: str


class Graph(msgspec.Struct, frozen=True):
    """An object's owners up to the root, and everything the root owns."""

    nodes: list[InventoryObject]
    edges: list[Edge]


class ObjectDetail(msgspec.Struct, frozen=True, kw_only=True):
    """An object. `object` is the whole of it when `live`, and otherwise only what the inventory keeps.

    `reason` says why it is not live. `row` is None for an object younger than the inventory.
    """

    object: dict[str, Any]
    live: bool
    as_of: datetime | None
    reason: str = ""
    row: InventoryObject | None = None


class Found(msgspec.Struct, frozen=True):
    """A path made out: which cluster, which stream, and the row if there is one."""

    cluster: ClusterState
    stream: Stream
    row: StoredObject | None
    epitaph: str = ""  # why nobody saw it go, if nobody did

    @property
    def kind(self) -> Kind:
        """What we know of its kind, with its columns."""
        return model.followed_kind([self.stream])

    def shown(self) -> InventoryObject | None:
        """The row as people see it."""
        if self.row is None:
            return None
        return model.shown(self.row, self.stream.kind, {self.cluster.id: self.cluster.name})


async def find(tx: Tx, by: Principal, path: Path) -> Found:
    """Make out a path within the asker's scope; NotFound when cluster or resource is not in sight."""
    (cluster,) = await visible_clusters(tx, by, [path.cluster])
    followed = await streams.get_streams(tx, clusters=[cluster.id])
    kind = model.kind_of(path.resource, followed)
    stream = next((s for s in followed if s.resource == kind.resource), None)
    if stream is None or not by.scope(READ).shows(cluster.id, kind.resource, path.namespace, path.name):
        raise NotFound(f"There is no {path.resource} {path.name!r} here.")
    row = await objects.get_object(
        tx, by.scope(READ), cluster.id, kind.resource, namespace=path.namespace, name=path.name
    )
    tombstone = "" if row else await streams.get_tombstone(tx, stream, path.namespace, path.name)
    return Found(cluster, stream, row, EPITAPHS.get(tombstone, ""))


async def get_detail(db: Database, by: Principal, connections: Connections, path: Path) -> ObjectDetail:
    """The object as its cluster shows it now, or as last known with its age.

    No transaction is held while the cluster is asked, so that a slow cluster keeps no connection from others. Raises
    NotFound when neither the cluster nor the inventory has the object.
    """
    async with db.transaction(by.org_id) as tx:
        found = await find(tx, by, path)
        client = await connections.client(tx, found.cluster.id)
    row = found.shown()
    absent = NotFound(f"There is no {found.stream.kind} {path.name!r} in {found.cluster.name}. {found.epitaph}".strip())
    try:
        async with asyncio.timeout(PATIENCE if found.row else None):
            whole = await client.get_json(resource_of(found.stream).path(path.namespace or None, path.name))
    except kube.NotFound as error:
        raise absent from error
    except (kube.ApiError, kube.ConnectError, TimeoutError) as error:
        if found.row is None:
            raise absent from error
        why = str(error) or sentence(f"It has not answered within {PATIENCE:.0f} s.")
        kept = _as_kept(found.row, found.stream)
        known = freshness.as_of(found.cluster, [found.stream], datetime.now(UTC))
        return ObjectDetail(object=kept, live=False, as_of=known, reason=why, row=row)
    whole = without_values(found.stream.resource, whole)
    return ObjectDetail(object=whole, live=True, as_of=datetime.now(UTC), row=row)


def resource_of(stream: Stream) -> Resource:
    """The kind as its cluster serves it."""
    plural, _, group = stream.resource.partition(".")
    return Resource(group=group, version=stream.version, plural=plural, kind=stream.kind, namespaced=stream.namespaced)


def _as_kept(row: StoredObject, stream: Stream) -> dict[str, Any]:
    resource = resource_of(stream)
    meta: dict[str, Any] = {
        "name": row.name,
        "uid": row.uid,
        "resourceVersion": row.resource_version,
        "creationTimestamp": row.created_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "labels": row.labels,
    }
    if row.namespace:
        meta["namespace"] = row.namespace
    version = f"{resource.group}/{resource.version}" if resource.group else resource.version
    return {"apiVersion": version, "kind": stream.kind, "metadata": meta}


async def get_graph(tx: Tx, by: Principal, path: Path) -> Graph:
    """The object's owners and everything they own."""
    found = await find(tx, by, path)
    if found.row is None:
        raise NotFound(f"There is no {found.stream.kind} {path.name!r} in {found.cluster.name}.")
    family = await objects.get_family(tx, by.scope(READ), found.row)
    kinds_here = {s.resource: s.kind for s in await streams.get_streams(tx, clusters=[found.cluster.id])}
    names = {found.cluster.id: found.cluster.name}
    members = {row.uid for row in family}
    return Graph(
        nodes=[model.shown(row, kinds_here.get(row.resource, row.resource), names) for row in family],
        edges=[Edge(row.owner_uid, row.uid) for row in family if row.owner_uid in members],
    )


async def get_node(
    tx: Tx, by: Principal, found: Found, row: InventoryObject | None
) -> tuple[InventoryObject | None, list[InventoryObject]]:
    """The row of a node with what its pods ask for, and those pods; of any other kind the row as it is."""
    if row is None or row.resource != "nodes":
        return row, []
    scope = by.scope(READ)
    (loaded,) = await with_loads(tx, scope, [row])
    pods = await objects.get_pods_on(tx, scope, found.cluster.id, row.name)
    return loaded, [model.shown(pod, "Pod", {found.cluster.id: found.cluster.name}) for pod in pods]


async def get_services(tx: Tx, by: Principal, found: Found) -> list[InventoryObject]:
    """The services that select a pod; none for other kinds."""
    if found.row is None or found.row.resource != "pods":
        return []
    rows = await objects.get_services_of(tx, by.scope(READ), found.row)
    return [model.shown(row, "Service", {found.cluster.id: found.cluster.name}) for row in rows]


async def get_events(tx: Tx, by: Principal, path: Path) -> list[InventoryObject]:
    """What the cluster said about the object, latest first."""
    found = await find(tx, by, path)
    if found.row is None:
        return []
    rows = await objects.get_events_about(tx, by.scope(READ), found.row)
    return [model.shown(row, "Event", {found.cluster.id: found.cluster.name}) for row in rows]
