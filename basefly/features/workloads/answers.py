"""Answers about workloads over clusters, in the asker's scope, each with its age and with whose part is missing."""

from __future__ import annotations

from collections import defaultdict
from uuid import UUID

import msgspec

from basefly.base.db.transaction import Tx
from basefly.base.errors import FieldError, Invalid
from basefly.base.principal import Principal, Scope
from basefly.core.inventory.answers import READ
from basefly.core.inventory.model import ClusterName, InventoryObject, shown
from basefly.core.inventory.standing import Coverage, get_coverage
from basefly.features.workloads import model, store
from basefly.features.workloads.model import RESOURCES, Group, Grouping, GroupPage, Key, WorkloadQuery

LARGEST_PAGE = 200


class WorkloadRequest(msgspec.Struct, frozen=True, kw_only=True):
    """What someone asks: clusters by id or name, a kind by its resource, and which groups they want to see."""

    cluster: tuple[str, ...] = ()
    namespace: tuple[str, ...] = ()
    kind: str = ""
    q: str = ""
    group: Grouping = "name"
    skewed: bool = False
    failing: bool = False
    limit: int = model.PAGE
    cursor: str = ""


class Member(msgspec.Struct, frozen=True, kw_only=True):
    """One workload of a group, in one cluster."""

    object: InventoryObject
    version: str
    restarts: int


async def list_groups(tx: Tx, by: Principal, request: WorkloadRequest) -> tuple[GroupPage, Coverage]:
    """One page of groups. Raises Invalid for what cannot be asked, NotFound for a cluster that is not in sight."""
    query, coverage = await _query(tx, by, request)
    scope = by.scope(READ)
    if store.summed_up(scope, query):
        figures, following = await store.page_apps(tx, scope, query)
        groups = [_group(each, coverage.names) for each in figures]
    else:
        keys, following = await store.page_keys(tx, scope, query)
        groups = await _groups(tx, scope, query, keys, coverage.names) if keys else []
    return GroupPage(items=groups, next=following, as_of=coverage.as_of, missing=coverage.missing), coverage


async def _groups(tx: Tx, scope: Scope, query: WorkloadQuery, keys: list[Key], names: dict[UUID, str]) -> list[Group]:
    """The groups of these keys. Versions and restarts are told of one workload's name, not of all parts of an app."""
    whole = msgspec.structs.replace(query, text="", cursor="")
    figures = await store.get_figures(tx, scope, whole, keys)
    if query.group == "app":
        return [_group(each, names) for each in figures]
    versions = model.versions(await store.get_uses(tx, scope, whole, keys))
    restarts: dict[Key, int] = defaultdict(int)
    for one in await store.get_restarts(tx, scope, whole, keys):
        restarts[Key(one.name, one.namespace, one.resource)] += one.count
    return [
        msgspec.structs.replace(_group(each, names), versions=versions.get(each.key, []), restarts=restarts[each.key])
        for each in figures
    ]


async def list_members(tx: Tx, by: Principal, request: WorkloadRequest, key: Key) -> list[Member]:
    """The workloads of one group, what fails first; at most 500."""
    query, coverage = await _query(tx, by, request)
    scope = by.scope(READ)
    found = await store.get_members(tx, scope, query, [key])
    restarts = {(r.cluster_id, r.uid): r.count for r in await store.get_restarts(tx, scope, query, [key])}
    return [
        Member(
            object=shown(row, RESOURCES[row.resource], coverage.names),
            version=model.version(images[0]) if (images := row.cells.get("images")) else "",
            restarts=restarts.get((row.cluster_id, row.uid), 0),
        )
        for row in found
    ]


async def _query(tx: Tx, by: Principal, request: WorkloadRequest) -> tuple[WorkloadQuery, Coverage]:
    if not 1 <= request.limit <= LARGEST_PAGE:
        detail = f"limit={request.limit} is not between 1 and {LARGEST_PAGE}."
        raise Invalid(detail, errors=(FieldError("/limit", "out of range"),))
    if request.kind and request.kind not in RESOURCES:
        detail = f"{request.kind!r} is no kind of workload."
        cure = "Take one of " + ", ".join(RESOURCES) + "."
        raise Invalid(detail, errors=(FieldError("/kind", detail),), cure=cure)
    resources = (request.kind,) if request.kind else tuple(RESOURCES)
    coverage = await get_coverage(tx, by, request.cluster, resources)
    query = WorkloadQuery(
        clusters=tuple(coverage.names),
        resources=resources,
        namespaces=request.namespace,
        text=request.q.strip(),
        group=request.group,
        skewed=request.skewed and request.group == "name",  # the parts of an app have versions of their own
        failing=request.failing,
        limit=request.limit,
        cursor=request.cursor,
    )
    return query, coverage


def _group(each: model.Figures, names: dict[UUID, str]) -> Group:
    return Group(
        name=each.name,
        namespace=each.namespace,
        resource=each.resource,
        kind=RESOURCES.get(each.resource, ""),
        workloads=each.workloads,
        clusters=each.clusters,
        health=model.health(each),
        failing=sorted((ClusterName(one, names.get(one, "")) for one in set(each.failing)), key=lambda c: c.name),
        ready=each.ready,
        desired=each.desired,
        versions=[],
        restarts=None,
        changed_at=each.changed_at,
    )
