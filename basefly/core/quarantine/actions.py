"""Finding what was set aside, within someone's sight."""

from __future__ import annotations

from collections.abc import Sequence

from basefly.base.db.transaction import Tx
from basefly.base.principal import Principal
from basefly.core.clusters.model import ClusterState
from basefly.core.inventory.answers import READ, visible_clusters
from basefly.core.inventory.model import ClusterName
from basefly.core.quarantine import store
from basefly.core.quarantine.model import Unreadable


async def find(
    tx: Tx, by: Principal, wanted: Sequence[str] = (), *, sight: Sequence[ClusterState] | None = None
) -> list[Unreadable]:
    """What cannot be read in these clusters (ids or names; all in sight when none), by cluster and kind.

    Raises NotFound for a cluster that is not in sight. Nobody knows whose those without names are: whoever does not
    see all of a kind is not told of them.
    """
    scope = by.scope(READ)
    clusters = {c.id: c.name for c in (await visible_clusters(tx, by, wanted) if sight is None else sight)}
    named = {(one.cluster_id, one.resource): one for one in await store.count_named(tx, scope, list(clusters))}
    unnamed = {
        (one.cluster_id, one.resource): one
        for one in await store.count_unnamed(tx, list(clusters))
        if scope.whole(one.cluster_id, [one.resource])
    }
    found = []
    for key in sorted(named.keys() | unnamed.keys(), key=lambda one: (clusters[one[0]], one[1])):
        without, rows = unnamed.get(key), named.get(key)
        found.append(
            Unreadable(
                cluster=ClusterName(key[0], clusters[key[0]]),
                resource=key[1],
                count=(rows.count if rows else 0) + (without.count if without else 0),
                unnamed=without.count if without else 0,
                reason=without.reason if without else "",
            )
        )
    return found
