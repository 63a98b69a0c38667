"""What an organization shows, as JSON."""

from __future__ import annotations

from basefly.base.db.transaction import Tx
from basefly.base.principal import Principal
from basefly.base.web import Body, get, put
from basefly.core.rights import actions
from basefly.core.rights.actions import Rights
from basefly.core.rights.model import Chosen


class ChoiceBody(Body):
    """`hub`: what the hub's grants give; `clusters`: of that what each cluster's own RBAC allows."""

    choice: str


@get("/rights", permission="access:own", tags=["rights"], summary="Show whose rules decide what is shown")
async def show_rights(tx: Tx, by: Principal) -> Rights:
    """The organization's choice, and how each cluster stands with it: whether its roles and bindings are known, and
    whether it decides as they read."""
    return await actions.show(tx, by)


@put("/rights", permission="access:own", tags=["rights"], summary="Choose whose rules decide what is shown")
async def choose_rights(tx: Tx, by: Principal, data: ChoiceBody) -> Chosen:
    """It counts within ten seconds for everything that is read: lists, searches, counts, facets, exports, live
    updates."""
    return await actions.choose(tx, by, data.choice)


HANDLERS = (show_rights, choose_rights)
