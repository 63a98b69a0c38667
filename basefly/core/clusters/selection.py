"""Which clusters are meant: by id or name, or a set by their labels."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from basefly.base.errors import FieldError, Invalid, NotFound
from basefly.base.kube import selectors
from basefly.core.clusters.model import ClusterState

FACTS = ("region", "provider", "version", "health")  # what a set may also be made of, beside labels


def within(found: Sequence[ClusterState], wanted: Sequence[str] = (), sets: Sequence[str] = ()) -> list[ClusterState]:
    """Of these clusters those in one of the sets; of these, those named by id or name.

    A set is a label selector, which also knows FACTS: `env=prod,region in (eu-west-1,eu-west-2)`. NotFound names a
    cluster that is not there; Invalid says which sets have no cluster at all.
    """
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
    words = {_id(word) or word.lower(): word for word in wanted}
    # Compared as numbers: the hash of a UUID is computed in Python, and there may be thousands of clusters.
    by_word = {key: c for c in found for key in (c.name.lower(), c.id.int) if key in words}
    for key, word in words.items():
        if key not in by_word:
            raise NotFound(f"There is no cluster {word!r} here.", cure="Look at the list of clusters for its name.")
    return list({by_word[key].id: by_word[key] for key in words}.values())


def _id(word: str) -> int | None:
    try:
        return UUID(word).int
    except ValueError:
        return None
