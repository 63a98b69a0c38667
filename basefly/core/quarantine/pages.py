"""What was set aside, for people."""

from __future__ import annotations

from basefly.base.db.transaction import Tx
from basefly.base.principal import Principal
from basefly.base.web import Request, Response, get, render
from basefly.core.inventory.answers import READ
from basefly.core.quarantine import actions


@get("/unreadable", permission=READ, include_in_schema=False)
async def show_unreadable(request: Request, tx: Tx, by: Principal) -> Response[str]:
    """Over the whole fleet, by cluster and kind."""
    found = await actions.find(tx, by)
    return render(request, "quarantine/unreadable.html", found=found, total=sum(each.count for each in found))


HANDLERS = (show_unreadable,)
