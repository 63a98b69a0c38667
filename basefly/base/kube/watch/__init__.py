"""List and watch: everything about one kind, told as events in order, for ever."""

from basefly.base.kube.watch.events import (
    Alive,
    Bookmark,
    Changed,
    Deleted,
    Due,
    Event,
    Listed,
    Listing,
    Retrying,
    Skipped,
)
from basefly.base.kube.watch.follow import Kept, follow
from basefly.base.kube.watch.pace import Pace
from basefly.base.kube.watch.turns import Turns

__all__ = [
    "Alive",
    "Bookmark",
    "Changed",
    "Deleted",
    "Due",
    "Event",
    "Kept",
    "Listed",
    "Listing",
    "Pace",
    "Retrying",
    "Skipped",
    "Turns",
    "follow",
]
