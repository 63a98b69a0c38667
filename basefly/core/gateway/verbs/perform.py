"""A verb done to objects, each by itself: one that fails keeps no other from being done."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Literal

import msgspec

from basefly.base.errors import BaseflyError, Denied, FieldError, Invalid, NotFound
from basefly.base.principal import Principal
from basefly.base.runtime.house import House
from basefly.core.audit.actions import failure
from basefly.core.gateway.proxy import asking
from basefly.core.gateway.verbs import revisions, triggering
from basefly.core.gateway.verbs.model import VERBS, Ask, Name, Place, Wish, check
from basefly.core.inventory.detail import resource_of
from basefly.core.inventory.display.address import object_path, part_path
from basefly.core.inventory.model import kind_of
from basefly.core.inventory.sight import visible_clusters
from basefly.core.sync.store import streams

MOST = 500  # objects at once
AT_ONCE = 16  # of them asked side by side

Plan = Callable[[House, Principal, Place, Wish], Awaitable[Ask]]
# The verbs whose request follows from what is read in the cluster first.
PLANS: Mapping[Name, Plan] = {"rollback": revisions.plan, "trigger": triggering.plan}


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """An object: its cluster by name or id, its resource as kubectl takes it."""

    cluster: str
    resource: str
    name: str
    namespace: str = ""

    @property
    def address(self) -> str:
        """As it stands in addresses and in the audit: CLUSTER/RESOURCE/NAMESPACE/NAME, the namespace empty if none."""
        return f"{self.cluster}/{self.resource}/{self.namespace}/{self.name}"

    def page(self, part: str = "") -> str:
        """Its page, or one beside it."""
        place = (self.cluster, self.resource, self.namespace, self.name)
        return part_path(*place, part) if part else object_path(*place)


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """What came of it for one object; `detail` and `cure` say why it was not done, `made` names what was made."""

    object: Target
    outcome: Literal["done", "refused", "failed"]
    detail: str = ""
    cure: str = ""
    made: str = ""


async def perform(house: House, by: Principal, wish: Wish, targets: Sequence[Target]) -> list[Result]:
    """Do it to each, at most AT_ONCE side by side; results in the order of the targets. Raises Invalid."""
    if not 1 <= len(targets) <= MOST:
        detail = f"Name 1 to {MOST} objects."
        raise Invalid(detail, errors=(FieldError("/objects", detail),))
    places = asyncio.Semaphore(AT_ONCE)

    async def one(target: Target) -> Result:
        async with places:
            return await _told(house, by, wish, target)

    return list(await asyncio.gather(*(one(target) for target in targets)))


async def _told(house: House, by: Principal, wish: Wish, target: Target) -> Result:
    try:
        made = await _done(house, by, wish, target)
    except BaseflyError as error:
        refused = isinstance(error, Denied | NotFound)
        if refused:
            await failure(house.db, by, error, method="POST", path=f"clusters/{target.address}")
        outcome: Literal["refused", "failed"] = "refused" if refused else "failed"
        return Result(object=target, outcome=outcome, detail=error.detail or error.title, cure=error.cure)
    return Result(object=target, outcome="done", made=made)


async def _done(house: House, by: Principal, wish: Wish, target: Target) -> str:
    """Do it; the name of what was made, if anything was."""
    place = await address(house, by, target)
    cluster, resource, path = place
    check(wish, resource)
    ask = await _planned(house, by, place, wish)
    request = (ask.method, f"{ask.path or path}{ask.suffix}")
    answer = await asking.ask(house, by, cluster, request, body=ask.body, media=ask.media)
    return str(msgspec.json.decode(answer)["metadata"]["name"]) if ask.method == "POST" else ""


async def _planned(house: House, by: Principal, place: Place, wish: Wish) -> Ask:
    ask = VERBS[wish.verb].ask
    return ask(wish) if ask else await PLANS[wish.verb](house, by, place, wish)


async def address(house: House, by: Principal, target: Target) -> Place:
    """The id of an object's cluster, its resource with its group, and its path there. Raises NotFound."""
    if not target.name:  # its path would be that of all objects of the kind
        raise NotFound("There is no such object.")
    async with house.db.transaction(by.org_id) as tx:
        (cluster,) = await visible_clusters(tx, by, [target.cluster])
        followed = await streams.get_streams(tx, clusters=[cluster.id])
    resource = kind_of(target.resource, followed).resource
    stream = next((each for each in followed if each.resource == resource), None)
    if stream is None:
        raise NotFound(f"The cluster serves no kind {target.resource!r}.")
    served = resource_of(stream)
    within = (target.namespace or "default") if served.namespaced else None
    return str(cluster.id), resource, served.path(within, target.name)
