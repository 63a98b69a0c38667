"""A verb done to objects, each by itself: one that fails keeps no other from being done."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Literal

import msgspec

from basefly.base.errors import BaseflyError, Denied, FieldError, Invalid, NotFound
from basefly.base.principal import Principal
from basefly.base.runtime.house import House
from basefly.core.audit.actions import failure
from basefly.core.gateway.proxy import asking
from basefly.core.gateway.verbs import model
from basefly.core.gateway.verbs.model import Wish
from basefly.core.inventory.detail import resource_of
from basefly.core.inventory.model import kind_of
from basefly.core.inventory.sight import visible_clusters
from basefly.core.sync.store import streams

MOST = 500  # objects at once
AT_ONCE = 16  # of them asked side by side


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """An object: its cluster by name or id, its resource as kubectl takes it."""

    cluster: str
    resource: str
    name: str
    namespace: str = ""


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """What came of it for one object; `detail` and `cure` say why it was not done."""

    object: Target
    outcome: Literal["done", "refused", "failed"]
    detail: str = ""
    cure: str = ""


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
        await _done(house, by, wish, target)
    except BaseflyError as error:
        refused = isinstance(error, Denied | NotFound)
        if refused:
            path = f"clusters/{target.cluster}/{target.resource}/{target.namespace}/{target.name}"
            await failure(house.db, by, error, method="POST", path=path)
        outcome: Literal["refused", "failed"] = "refused" if refused else "failed"
        return Result(object=target, outcome=outcome, detail=error.detail or error.title, cure=error.cure)
    return Result(object=target, outcome="done")


async def _done(house: House, by: Principal, wish: Wish, target: Target) -> None:
    cluster, resource, path = await address(house, by, target)
    ask = model.asked(wish, resource)
    await asking.ask(house, by, cluster, (ask.method, f"{path}{ask.suffix}"), body=ask.body, media=ask.media)


async def address(house: House, by: Principal, target: Target) -> tuple[str, str, str]:
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
