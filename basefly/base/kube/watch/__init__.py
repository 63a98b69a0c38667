"""List and watch: everything about one kind, told as events in order, for ever."""

from basefly.base.kube.watch.events import (
    Alive,
    Body,
    Bookmark,
    Changed,
    Deleted,
    Due,
    Event,
    Listed,
    Listing,
    Quiet,
    Retrying,
    Skipped,
)
from basefly.base.kube.watch.follow import Following, Kept
from basefly.base.kube.watch.pace import Pace
from basefly.base.kube.watch.reader import Whole
from basefly.base.kube.watch.turns import Turns

__all__ = [
    "Alive",
    "Body",
    "Bookmark",
    "Changed",
    "Deleted",
    "Due",
    "Event",
    "Following",
    "Kept",
    "Listed",
    "Listing",
    "Pace",
    "Quiet",
    "Retrying",
    "Skipped",
    "Turns",
    "Whole",
]
