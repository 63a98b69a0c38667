"""Choosing what an organization shows, and who asks with what the clusters show them."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from basefly.base.db.transaction import Tx
from basefly.base.errors import FieldError, Invalid
from basefly.base.principal import Principal
from basefly.base.web import Request
from basefly.core.access import actions as access
from basefly.core.access.model import OWN
from basefly.core.audit.actions import record
from basefly.core.clusters import store as clusters
from basefly.core.clusters.model import ClusterState
from basefly.core.rights import store
from basefly.core.rights.model import CHOICES, Chosen, Standing, standing
from basefly.core.rights.sights import Sights


class Rights(msgspec.Struct, frozen=True, kw_only=True):
    """What an organization shows, and how each cluster in sight stands with that."""

    chosen: Chosen
    clusters: list[Standing]


async def authenticate(request: Request, *, touch: bool = True) -> Principal | None:
    """Who asks, as access knows them, with what the clusters show them. Raises Unauthenticated."""
    by = await access.authenticate(request, touch=touch)
    return by and await request.house.get(Sights).attach(by)


async def show(tx: Tx, by: Principal) -> Rights:
    """What the organization shows; needs to be its owner."""
    by.require(OWN)
    return Rights(chosen=await store.get_choice(tx), clusters=await standings(tx, await clusters.get_states(tx)))


async def standings(tx: Tx, found: Sequence[ClusterState]) -> list[Standing]:
    """How clusters stand: whether their rules are known, and whether they decide as those read."""
    unread = {each.cluster_id: each.reason for each in await store.get_unread(tx, [c.id for c in found])}
    verdicts = {each.cluster_id: each for each in await store.get_verdicts(tx)}
    return [standing(each.id, each.name, unread.get(each.id), verdicts.get(each.id)) for each in found]


async def of_cluster(tx: Tx, cluster: ClusterState) -> Standing | None:
    """How a cluster stands, where its rules count."""
    if (await store.get_choice(tx)).choice == "hub":
        return None
    return (await standings(tx, [cluster]))[0]


async def choose(tx: Tx, by: Principal, choice: str) -> Chosen:
    """Choose what the organization shows; needs to be its owner. Raises Invalid."""
    by.require(OWN)
    if choice not in CHOICES:
        detail = f"There is no choice {choice[:40]!r}."
        raise Invalid(detail, errors=(FieldError("/choice", detail),), cure=f"Say one of {', '.join(CHOICES)}.")
    before = (await store.get_choice(tx)).choice
    if choice != before and await store.upsert_choice(tx, choice, by.user_id):
        place, after = f"organizations/{by.org_id}", {"choice": choice}
        await record(tx, by, "rights.chosen", place, after, before={"choice": before}, after=after)
        await tx.notify("rights/choice")
    return await store.get_choice(tx)
