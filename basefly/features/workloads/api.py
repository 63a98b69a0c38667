"""Workloads over clusters for programs."""

from __future__ import annotations

from typing import Annotated

import msgspec

from basefly.base.db.transaction import Tx
from basefly.base.principal import Principal
from basefly.base.web import QueryParameter, get
from basefly.core.inventory.answers import READ
from basefly.features.workloads import answers, model
from basefly.features.workloads.answers import WorkloadRequest
from basefly.features.workloads.model import Grouping, GroupPage, Key

Clusters = Annotated[
    list[str] | None,
    QueryParameter(name="cluster", description="Id or name; repeat it for several, leave it out for all."),
]
Namespaces = Annotated[list[str] | None, QueryParameter(name="namespace", description="Repeatable.")]
KindName = Annotated[str, QueryParameter(description="Only this resource, for instance deployments.apps.")]
GroupBy = Annotated[Grouping, QueryParameter(description="By name, or by the label app.kubernetes.io/name.")]
Skewed = Annotated[bool, QueryParameter(description="Only groups that run different versions.")]
Failing = Annotated[bool, QueryParameter(description="Only groups that fail in some cluster.")]
Limit = Annotated[int, QueryParameter(ge=1, le=answers.LARGEST_PAGE, description="How many groups at most.")]
Cursor = Annotated[str, QueryParameter(description="`next` of the page before.")]


class MemberList(msgspec.Struct):
    items: list[answers.Member]


@get(
    "/workloads", permission=READ, replica=True, summary="Workloads of one name over all clusters, with their versions"
)
async def list_workloads(
    tx: Tx,
    by: Principal,
    cluster: Clusters = None,
    namespace: Namespaces = None,
    kind: KindName = "",
    q: str = "",
    group: GroupBy = "name",
    skewed: Skewed = False,
    failing: Failing = False,
    limit: Limit = model.PAGE,
    cursor: Cursor = "",
) -> GroupPage:
    asked = WorkloadRequest(
        cluster=tuple(cluster or ()),
        namespace=tuple(namespace or ()),
        kind=kind,
        q=q,
        group=group,
        skewed=skewed,
        failing=failing,
        limit=limit,
        cursor=cursor,
    )
    page, _ = await answers.list_groups(tx, by, asked)
    return page


@get(
    "/workloads/{name:str}/members",
    permission=READ,
    replica=True,
    summary="The workloads of one group, what fails first",
)
async def list_members(
    tx: Tx,
    by: Principal,
    name: str,
    namespace: str = "",
    resource: str = "",
    group: GroupBy = "name",
    cluster: Clusters = None,
) -> MemberList:
    asked = WorkloadRequest(cluster=tuple(cluster or ()), group=group)
    return MemberList(await answers.list_members(tx, by, asked, Key(name, namespace, resource)))


HANDLERS = (list_workloads, list_members)
