"""Namespaces for programs."""

from __future__ import annotations

from typing import Annotated

from basefly.base.db.transaction import Tx
from basefly.base.principal import Principal
from basefly.base.web import QueryParameter, get
from basefly.core.inventory.answers import READ
from basefly.features.namespaces import answers, model
from basefly.features.namespaces.answers import NamespaceRequest
from basefly.features.namespaces.model import NamespaceDetail, NamespacePage

Clusters = Annotated[
    list[str] | None,
    QueryParameter(name="cluster", description="Id or name; repeat it for several, leave it out for all."),
]
Text = Annotated[str, QueryParameter(description="A part of the name.")]
Full = Annotated[bool, QueryParameter(description="Only where a quota is at 90 % or more.")]
Limit = Annotated[int, QueryParameter(ge=1, le=answers.LARGEST_PAGE, description="How many names at most.")]
Cursor = Annotated[str, QueryParameter(description="`next` of the page before.")]


@get("/namespaces", permission=READ, replica=True, summary="Namespaces by name over all clusters, with pods and quotas")
async def list_namespaces(
    tx: Tx,
    by: Principal,
    cluster: Clusters = None,
    q: Text = "",
    full: Full = False,
    limit: Limit = model.PAGE,
    cursor: Cursor = "",
) -> NamespacePage:
    asked = NamespaceRequest(cluster=tuple(cluster or ()), q=q, full=full, limit=limit, cursor=cursor)
    page, _ = await answers.list_namespaces(tx, by, asked)
    return page


@get(
    "/clusters/{cluster:str}/namespaces/{name:str}",
    permission=READ,
    replica=True,
    summary="One namespace of one cluster",
)
async def get_namespace(tx: Tx, by: Principal, cluster: str, name: str) -> NamespaceDetail:
    return await answers.get_namespace(tx, by, cluster, name)


HANDLERS = (list_namespaces, get_namespace)
