"""The clusters in someone's sight: all of them, some by name, or a set by their labels."""

from __future__ import annotations

from collections.abc import Sequence

from basefly.base.db.transaction import Tx
from basefly.base.errors import FieldError, Invalid, NotFound
from basefly.base.kube import selectors
from basefly.base.principal import Principal
from basefly.core.clusters import store as clusters
from basefly.core.clusters.model import ClusterState

READ = "inventory:read"
FACTS = ("region", "provider", "version", "health")  # what a set may also be made of, beside labels


async def visible_clusters(
    tx: Tx, by: Principal, wanted: Sequence[str] = (), sets: Sequence[str] = ()
) -> list[ClusterState]:
    """The clusters in sight; of these, those in one of the sets; of these, those named by id or name.

    A set is a label selector, which also knows FACTS: `env=prod,region in (eu-west-1,eu-west-2)`. NotFound names a
    cluster that is not there; Invalid says which sets have no cluster at all.
    """
    scope = by.scope(READ)
    return within([c for c in await clusters.get_states(tx) if scope.sees(c.id)], wanted, sets)


def within(found: Sequence[ClusterState], wanted: Sequence[str] = (), sets: Sequence[str] = ()) -> list[ClusterState]:
    """Of clusters in sight those that are meant. Raises as `visible_clusters` does."""
    found = list(found)
    if chosen := [text for text in sets if text.strip()]:
        found = _in_sets(found, chosen)
    return _named(found, wanted) if wanted else found


def traits(cluster: ClusterState) -> dict[str, str]:
    """What sets are made of: a cluster's labels, and FACTS unless a label has that name."""
    facts = {name: str(getattr(cluster, name)) for name in FACTS}
    return {name: value for name, value in facts.items() if value} | cluster.labels


def _in_sets(found: list[ClusterState], chosen: list[str]) -> list[ClusterState]:
    wanted = [selectors.parse(text) for text in chosen]
    within = [c for c in found if any(selectors.holds(each, traits(c)) for each in wanted)]
    if found and not within:
        detail = f"No cluster in sight is in the set {' or '.join(chosen)}."
        raise Invalid(
            detail, errors=(FieldError("/set", detail),), cure="Choose another set, or label clusters so that they fit."
        )
    return within


def _named(found: list[ClusterState], wanted: Sequence[str]) -> list[ClusterState]:
    by_word = {word: c for c in found for word in (c.name.lower(), str(c.id))}
    for word in wanted:
        if word.lower() not in by_word:
            raise NotFound(f"There is no cluster {word!r} here.", cure="Look at the list of clusters for its name.")
    return list({by_word[word.lower()].id: by_word[word.lower()] for word in wanted}.values())
