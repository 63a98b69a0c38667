"""The page of all kinds: what the clusters serve, by family, with how many objects of each there are."""

from __future__ import annotations

from itertools import groupby

from basefly.base.db.transaction import Tx
from basefly.base.principal import Principal
from basefly.base.runtime.house import House
from basefly.base.web import Request, Response, get, render
from basefly.base.web.language import msg
from basefly.core.inventory import answers
from basefly.core.inventory.answers import READ, ResourceSummary
from basefly.core.inventory.display.address import list_path
from basefly.core.lists.kept import Kept, oldest

FAMILIES = {
    "workloads": msg("Workloads"),
    "network": msg("Network"),
    "config": msg("Configuration"),
    "storage": msg("Storage"),
    "access": msg("Access"),
    "cluster": msg("Cluster"),
    "custom": msg("Custom resources"),
}


@get("/objects", permission=READ, include_in_schema=False)
async def show_kinds(request: Request, tx: Tx, by: Principal, house: House) -> Response[str]:
    """Every kind of the fleet, by family."""
    resources, slow = await house.get(Kept).of(tx, by, answers.list_resources, oldest=oldest(request, "kinds"))
    found = sorted(resources, key=_family)
    return render(
        request,
        "lists/kinds.html",
        families=[(FAMILIES.get(name, name), list(group)) for name, group in groupby(found, key=lambda r: r.family)],
        paths={each.name: list_path(each.name) for each in found},
        connected=bool(await answers.visible_clusters(tx, by)),
        slow=slow,
    )


def _family(resource: ResourceSummary) -> tuple[int, str]:
    order = list(FAMILIES)
    return order.index(resource.family) if resource.family in order else len(order), resource.kind
