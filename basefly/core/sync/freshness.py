"""The rules of age: when what streams brought counts as live, and what an answer made of it leaves out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from basefly.base.web.language import sentence
from basefly.core.clusters.model import ClusterState
from basefly.core.sync.model import Stream

LIVE_WITHIN = timedelta(seconds=30)  # a dead cluster is known within this time, so nothing older is called live
SIGN_WITHIN = timedelta(seconds=150)  # a watch that stands says so every 60 to 70 s
FIRST_READING = sentence("still reading it for the first time")


class Missing(msgspec.Struct, frozen=True):
    """A cluster whose part of an answer is old or absent, and why. `as_of` is when its part was last true."""

    cluster: UUID
    name: str
    reason: str
    as_of: datetime | None


def as_of(cluster: ClusterState, streams: Iterable[Stream], now: datetime) -> datetime | None:
    """When what the streams brought was last true.

    A live stream of an answering cluster is as fresh as the last answer of the cluster: had anything changed, the
    watch would have said so. But a stream whose own signs stay out is dead whatever its state says, and one that is
    not live is as old as its last sign. None: never seen.
    """
    moments: list[datetime] = []
    for stream in streams:
        seen = stream.as_of
        if stream.state == "live" and cluster.probed_at is not None:
            seen = max(seen, min(cluster.probed_at, seen + SIGN_WITHIN)) if seen else cluster.probed_at
        if seen is None:
            return None
        if cluster.health == "unreachable" and cluster.probed_at is not None:
            seen = min(seen, cluster.probed_at)  # every page says the same of a cluster that has gone silent
        moments.append(min(seen, now))
    return min(moments, default=None)


def missing(cluster: ClusterState, streams: Sequence[Stream], now: datetime, *, begun: bool = True) -> Missing | None:
    """Why this cluster's part of an answer is not live, or None when it is.

    Without streams the cluster does not serve what was asked for, unless following it has not `begun`.
    """
    moment = as_of(cluster, streams, now)
    if not begun:
        return Missing(cluster.id, cluster.name, cluster.health_reason or FIRST_READING, None)
    if cluster.health == "unreachable":  # then every stream fails, each in words of its own
        return Missing(cluster.id, cluster.name, cluster.health_reason or sentence("unreachable"), moment)
    for stream in streams:
        if stream.state == "denied":
            return Missing(cluster.id, cluster.name, sentence(f"not permitted: {stream.reason}"), moment)
        if stream.state == "listing" and stream.listed_at is None:
            return Missing(cluster.id, cluster.name, FIRST_READING, moment)
        if stream.state in ("failed", "retrying"):
            return Missing(cluster.id, cluster.name, stream.reason or sentence("reconnecting"), moment)
        if stream.skipped:
            one = sentence(f"an object could not be read: {stream.reason}")
            many = sentence(f"{stream.skipped} objects could not be read: {stream.reason}")
            return Missing(cluster.id, cluster.name, one if stream.skipped == 1 else many, moment)
    if moment is not None and now - moment > LIVE_WITHIN:
        unasked = cluster.health_reason if cluster.health == "unknown" else ""  # nobody follows it, say
        return Missing(cluster.id, cluster.name, unasked or sentence("has not answered for a while"), moment)
    return None
