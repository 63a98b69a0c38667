"""The clusters that grants reach by labels or by region: what `access` asks of whoever knows the clusters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from uuid import UUID

from basefly.base.db.transaction import Tx
from basefly.base.errors import Invalid
from basefly.base.kube import selectors
from basefly.core.access.model import Where
from basefly.core.clusters import store


class Choosing:
    """Chooses among the clusters that are not removed."""

    def check(self, labels: str) -> None:
        """Raise Invalid for a label selector that cannot be read, or that selects everything."""
        if not _parsed(labels):
            raise Invalid("The label selector is empty.", cure="Say which labels: env=dev,team in (shop,search)")

    async def choose(self, tx: Tx, places: Sequence[Where]) -> Mapping[str, frozenset[UUID]]:
        """Of a selector that cannot be read, nothing."""
        found = await store.get_states(tx)
        return {
            where.rule: frozenset(each.id for each in found if fits(where, each.labels, each.region))
            for where in places
        }

    async def names(self, tx: Tx) -> Mapping[UUID, str]:
        """The name of each."""
        return {each.id: each.name for each in await store.get_states(tx)}


def fits(where: Where, labels: Mapping[str, str], region: str) -> bool:
    """Whether labels or a region are what a rule chooses. A selector that cannot be read chooses nothing."""
    if where.region is not None:
        return region.lower() == where.region.lower()
    try:
        requirements = _parsed(where.labels or "")
    except Invalid:
        return False
    return bool(requirements) and selectors.holds(requirements, labels)


@lru_cache(1000)
def _parsed(labels: str) -> tuple[selectors.Requirement, ...]:
    return selectors.parse(labels)
