"""Why someone may or may not, and who may, as JSON."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

import msgspec

from basefly.base.db.transaction import Tx
from basefly.base.principal import Principal
from basefly.base.runtime.house import House
from basefly.base.web import SIGNED_IN, QueryParameter, get
from basefly.core.explanations import actions
from basefly.core.explanations.actions import Explanation, Holders
from basefly.core.explanations.model import Entry, Question

Asked = Annotated[str, QueryParameter(max_length=100, description="A permission: clusters:write")]
OnCluster = Annotated[UUID | None, QueryParameter(description="The id of a cluster; without: anywhere")]
InNamespace = Annotated[str | None, QueryParameter(max_length=253, description="A namespace of it; without: all of it")]
Who = Annotated[UUID | None, QueryParameter(description="The id of a member; without: yourself")]


class Review(msgspec.Struct, frozen=True):
    """Who has what, by member."""

    items: list[Entry]


@get("/access/explanation", permission=SIGNED_IN, summary="May I, and why (not)?")
async def explain_access(
    house: House,
    tx: Tx,
    by: Principal,
    permission: Asked,
    cluster: OnCluster = None,
    namespace: InNamespace = None,
    member: Who = None,
) -> Explanation:
    """The grants that give it, or what comes nearest and who can give the rest. About others it needs access:read."""
    asked = Question(permission=permission, cluster=cluster, namespace=namespace or None)
    return await actions.explain(house, tx, by, asked, member)


@get("/access/holders", permission="access:read", summary="Who can do this, and why?")
async def list_holders(
    house: House,
    tx: Tx,
    by: Principal,
    permission: Asked,
    cluster: OnCluster = None,
    namespace: InNamespace = None,
) -> Holders:
    """Every member who may, with the grants that give it."""
    return await actions.holders(
        house, tx, by, Question(permission=permission, cluster=cluster, namespace=namespace or None)
    )


@get("/access/review", permission="access:read", summary="Who has what, since when, by whom?")
async def review_access(tx: Tx, by: Principal) -> Review:
    """Every member with every grant that counts for them, through whomever it came: for those who review access."""
    return Review(await actions.review(tx, by))


HANDLERS = (explain_access, list_holders, review_access)
