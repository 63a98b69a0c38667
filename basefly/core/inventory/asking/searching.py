"""What a search over every kind is asked, understood: which kinds, and which conditions."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from basefly.base.db.transaction import Tx
from basefly.base.principal import Principal
from basefly.base.text import query
from basefly.base.text.query import Condition
from basefly.core.clusters.model import ClusterState
from basefly.core.inventory import model
from basefly.core.inventory.asking.request import asked_kind, understood
from basefly.core.inventory.model import Match
from basefly.core.inventory.sight import READ
from basefly.core.inventory.store import rollups
from basefly.core.sync.kind import Kind, Projection

# A search knows what every kind has, and no more: an object without columns of its own.
_ANYTHING = Kind(
    resource="", kind="An object of any kind", group="", shape=object, project=lambda _: Projection("", "idle", {})
)


async def searched_kinds(
    tx: Tx, text: str, conditions: Sequence[Condition], clusters: Sequence[ClusterState], kind: str
) -> tuple[str, ...]:
    """The resources asked for, none for all. Raises Invalid or NotFound for a kind that is not there."""
    wanted = {(await asked_kind(tx, kind, clusters)).resource} if kind else set()
    for condition in conditions:
        if condition.field != "kind":
            continue
        if condition.negated:
            query.wrong(text, condition.start, "a search cannot leave out a kind", "Name the kinds that you want.")
        meant = {(await asked_kind(tx, value, clusters)).resource for value in condition.values}
        wanted = wanted & meant if wanted else meant
    return tuple(sorted(wanted))


async def search_matches(
    tx: Tx, by: Principal, text: str, conditions: Sequence[Condition], clusters: Sequence[UUID]
) -> tuple[Match, ...]:
    """The conditions as the store takes them. Raises Invalid."""
    words: dict[str, list[str]] = {"health": list(model.HEALTHS)}
    for name in ("status", "namespace"):
        if any(condition.field == name for condition in conditions):
            words[name] = await rollups.get_words(tx, by.scope(READ), clusters, name)
    found = [understood(text, each, _ANYTHING, words) for each in conditions if each.field != "kind"]
    return tuple(match for match in found if match is not None)
