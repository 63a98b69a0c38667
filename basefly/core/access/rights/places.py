"""Which clusters a grant reaches. The clusters are known above; whoever knows them plugs in here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol
from uuid import UUID

from basefly.base.db.transaction import Tx
from basefly.base.errors import Unavailable
from basefly.base.principal import Principal
from basefly.base.runtime.house import House
from basefly.core.access.model import Where

SEEING = "clusters:read"


class Fleet(Protocol):
    """The clusters of an organization, as grants need them."""

    def check(self, labels: str) -> None:
        """Raise Invalid for a label selector that cannot be read."""
        ...

    async def choose(self, tx: Tx, places: Sequence[Where]) -> Mapping[str, frozenset[UUID]]:
        """The clusters that labels and regions choose at this moment, by rule; nothing for one it cannot read."""
        ...

    async def names(self, tx: Tx) -> Mapping[UUID, str]:
        """The name of every cluster that is not removed."""
        ...


class Places:
    """In the house, for authentication. Until someone who knows the clusters plugs in, rules choose none of them."""

    def __init__(self) -> None:
        self._fleet: Fleet | None = None

    def plug(self, fleet: Fleet) -> None:
        """Take who knows the clusters."""
        self._fleet = fleet

    def check(self, where: Where) -> None:
        """Raise Invalid for labels that cannot be read, Unavailable where nobody can read them."""
        if where.labels is None:
            return
        if self._fleet is None:
            raise Unavailable("This hub knows no clusters to choose by labels.", cure="Name the clusters instead.")
        self._fleet.check(where.labels)

    async def choose(self, tx: Tx, places: Iterable[Where]) -> Mapping[str, frozenset[UUID]]:
        """The clusters that the rules among places choose. Asks nobody where there is no rule."""
        ruled = [where for where in places if where.rule]
        if not ruled or self._fleet is None:
            return {}
        return await self._fleet.choose(tx, ruled)

    async def names(self, tx: Tx) -> Mapping[UUID, str]:
        """The clusters by id."""
        return await self._fleet.names(tx) if self._fleet else {}


async def in_sight(house: House, tx: Tx, by: Principal) -> Mapping[UUID, str]:
    """The clusters that someone sees by id, to ask about and to name in grants."""
    scope = by.scope(SEEING)
    return {id_: name for id_, name in (await house.get(Places).names(tx)).items() if scope.sees(id_)}
