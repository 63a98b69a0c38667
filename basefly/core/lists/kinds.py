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
    "other": msg("Other built-in kinds"),
    "custom": msg("Custom resources"),
}
DEEP = ("rbac.authorization.k8s.io", "flowcontrol.apiserver.k8s.io", "internal.apiserver.k8s.io")  # Kubernetes' own


@get("/objects", permission=READ, replica=True, include_in_schema=False)
async def show_kinds(request: Request, tx: Tx, by: Principal, house: House) -> Response[str]:
    """Every kind of the fleet, by family."""
    resources, slow = await house.get(Kept).of(tx, by, answers.list_resources, oldest=oldest(request, "kinds"))
    found = sorted(resources, key=_place)
    return render(
        request,
        "lists/kinds.html",
        families=[(FAMILIES.get(name, name), list(group)) for name, group in groupby(found, key=family)],
        paths={each.name: list_path(each.name) for each in found},
        connected=bool(await answers.visible_clusters(tx, by)),
        slow=slow,
    )


def family(resource: ResourceSummary) -> str:
    """The family of a kind. Of those that have none of their own, Kubernetes' are told from what was added to it."""
    if resource.family != "custom":
        return resource.family
    return "other" if built_in(resource.group) else "custom"


def built_in(group: str) -> bool:
    """Whether an API group is Kubernetes' own.

    Its groups have no dot or stand right below k8s.io, but for DEEP; what stands deeper, as the Gateway API does, comes
    by definitions of custom resources.
    """
    return "." not in group.removesuffix(".k8s.io") or group in DEEP


def _place(resource: ResourceSummary) -> tuple[int, str]:
    order, own = list(FAMILIES), family(resource)
    return order.index(own) if own in order else len(order), resource.kind
