"""Lists for programs: what could come next in a query."""

from __future__ import annotations

from typing import Annotated

from basefly.base.db.transaction import Tx
from basefly.base.principal import Principal
from basefly.base.web import QueryParameter, get
from basefly.core.inventory.answers import READ
from basefly.core.inventory.asking.request import ListRequest
from basefly.core.lists.suggest import Suggestions, suggest

Texts = Annotated[list[str] | None, QueryParameter(description="Repeatable.")]
Caret = Annotated[
    int | None, QueryParameter(ge=0, le=1000, description="Where in the query one is writing: characters; its end.")
]


@get(
    "/objects/{resource:str}/suggestions",
    permission=READ,
    replica=True,
    tags=["inventory"],
    summary="What could come next in a query",
)
async def list_suggestions(
    tx: Tx,
    by: Principal,
    resource: str,
    q: str = "",
    at: Caret = None,
    cluster: Texts = None,
    set: Texts = None,  # noqa: A002  # the name of the parameter in the address
    namespace: Texts = None,
) -> Suggestions:
    """Fields and values for the word that ends at a place of the query, with how many objects have each."""
    asked = ListRequest(
        resource=resource, q=q, cluster=tuple(cluster or ()), set=tuple(set or ()), namespace=tuple(namespace or ())
    )
    return await suggest(tx, by, asked, at)


HANDLERS = (list_suggestions,)
