"""Which processes run the hub, and what they follow, as JSON."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import groupby

import msgspec

from basefly.base.db.transaction import Tx
from basefly.base.principal import Principal
from basefly.base.runtime import processes
from basefly.base.runtime.processes import Process
from basefly.base.settings import Role
from basefly.base.web import get
from basefly.core.clusters.actions import WRITE
from basefly.core.sync.sharing.unfollowed import Unfollowed, find
from basefly.core.sync.store import followers


class Running(msgspec.Struct, frozen=True, kw_only=True):
    """A process that lives. `regions` are those it is pinned to; `clusters` counts yours that it follows."""

    name: str
    roles: list[Role]
    regions: list[str]
    version: str
    started_at: datetime
    seen_at: datetime
    clusters: int


class Processes(msgspec.Struct, frozen=True, kw_only=True):
    """Every process that lives, and the clusters of yours that none of them follows, each with the reason."""

    items: list[Running]
    unfollowed: list[Unfollowed]


@get("/hub/processes", permission=WRITE, summary="Which processes run the hub, and how many clusters each follows")
async def list_processes(tx: Tx, by: Principal) -> Processes:
    """For whoever acts on clusters. A process that was killed is listed for ten seconds more."""
    scope, living = by.scope(WRITE), await processes.living(tx)
    follows = Counter(one.process for one in await followers.get_following(tx) if scope.covers(one.cluster_id))
    items = [_running(list(rows), follows) for _, rows in groupby(living, key=lambda one: one.name)]
    return Processes(items=items, unfollowed=[one for one in await find(tx, living) if scope.covers(one.id)])


def _running(rows: Sequence[Process], follows: Mapping[str, int]) -> Running:
    first = rows[0]
    return Running(
        name=first.name,
        roles=[one.role for one in rows],
        regions=[region for one in rows for region in one.regions],
        version=first.version,
        started_at=min(one.started_at for one in rows),
        seen_at=max(one.seen_at for one in rows),
        clusters=follows.get(first.name, 0),
    )


HANDLERS = (list_processes,)
