"""A token's limits, applied to its owner's grants: it never has more than both."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from uuid import UUID

import msgspec

from basefly.base.principal import Grant
from basefly.core.access.model import governing


def narrowed(
    grants: Iterable[Grant], permissions: Sequence[str] | None, clusters: Sequence[UUID] | None
) -> tuple[Grant, ...]:
    """The grants within the limits; None limits nothing.

    A token that is limited to clusters governs nothing: members, providers and the audit belong to no cluster.
    """
    kept = []
    for grant in grants:
        left = grant.permissions if permissions is None else grant.permissions & frozenset(permissions)
        seen = grant.clusters
        if clusters is not None:
            left = frozenset(permission for permission in left if not governing(permission))
            seen = frozenset(clusters) if seen is None else seen & frozenset(clusters)
        if left and (clusters is None or seen):
            kept.append(msgspec.structs.replace(grant, permissions=left, clusters=seen))
    return tuple(kept)
