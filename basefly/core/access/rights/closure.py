"""No one can grant more than they hold: what of a grant-to-be its giver lacks. Pure.

A grant is taken apart into atoms: one permission, over one cluster or all that a rule chooses, in one namespace or all.
Each atom must be covered by one grant of the giver that lasts as long. Clusters that a rule chooses (labels, a region)
change by themselves, so a rule is covered only by the same rule, or by a holding over all clusters.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import product
from uuid import UUID

from basefly.base.principal import Grant


def within(grant: Grant, holdings: Iterable[Grant], *, lasting: bool = True) -> bool:
    """Whether someone with these holdings may hand this on; without `lasting`, whenever it ends (to take it away)."""
    return not lacks(grant, holdings, lasting=lasting)


def lacks(grant: Grant, holdings: Iterable[Grant], *, lasting: bool = True) -> list[str]:
    """The permissions of a grant-to-be that these holdings do not cover wholly, by name."""
    fit = [each for each in holdings if not lasting or _lasts(each.ends_at, grant.ends_at)]
    places = list(product(_clusters(grant), _namespaces(grant)))
    return [
        permission
        for permission in sorted(grant.permissions)
        if not _covered(places, grant.rule, [each for each in fit if permission in each.permissions])
    ]


def _covered(places: Sequence[tuple[UUID | None, str | None]], rule: str, holdings: Sequence[Grant]) -> bool:
    if not holdings:
        return False
    return all(any(_reaches(each, rule, cluster, namespace) for each in holdings) for cluster, namespace in places)


def _reaches(holding: Grant, rule: str, cluster: UUID | None, namespace: str | None) -> bool:
    if rule:
        same = holding.clusters is None or holding.rule == rule
        return same and (holding.namespaces is None or (namespace is not None and namespace in holding.namespaces))
    return holding.covers(cluster, namespace)


def _lasts(holding: datetime | None, grant: datetime | None) -> bool:
    return holding is None or (grant is not None and grant <= holding)


def _clusters(grant: Grant) -> tuple[UUID | None, ...]:
    return (None,) if grant.rule or grant.clusters is None else tuple(grant.clusters)


def _namespaces(grant: Grant) -> tuple[str | None, ...]:
    return (None,) if grant.namespaces is None else tuple(grant.namespaces)
