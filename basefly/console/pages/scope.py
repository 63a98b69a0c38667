"""The page where one chooses clusters, a set of them, or namespaces; and goes on with what one looked at."""

from __future__ import annotations

from basefly.base.db.transaction import Tx
from basefly.base.principal import Principal
from basefly.base.runtime.house import House
from basefly.base.web import Request, Response, get, render
from basefly.console import scope
from basefly.core.inventory.sight import READ
from basefly.core.lists.kept import SOON, Kept


@get("/scope", permission=READ, include_in_schema=False)
async def show_scope(
    request: Request, tx: Tx, by: Principal, house: House, at: str = "/", find: str = ""
) -> Response[str]:
    """Choose a scope for the page at an address of ours. Every choice is a GET form that leads back there."""
    to = scope.destination(at)
    offered, _ = await house.get(Kept).of(tx, by, scope.choices, to.chosen, find.strip(), sooner=SOON)
    return render(request, "console/scope/page.html", to=to, at=at, find=find.strip(), offered=offered)


HANDLERS = (show_scope,)
