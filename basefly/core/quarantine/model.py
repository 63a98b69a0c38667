"""What was set aside, as people and programs see it."""

from __future__ import annotations

from urllib.parse import urlencode

import msgspec

from basefly.core.inventory.display.address import list_path
from basefly.core.inventory.model import ClusterName
from basefly.core.sync.kind import UNREADABLE


class Unreadable(msgspec.Struct, frozen=True, kw_only=True):
    """Of one kind in one cluster. `unnamed` of them could not even be told apart: they have no rows."""

    cluster: ClusterName
    resource: str
    count: int
    unnamed: int = 0
    reason: str = ""  # of the last one without a name; each of the others has its own

    @property
    def href(self) -> str:
        """The list of those that have names."""
        return f"{list_path(self.resource)}?{urlencode({'cluster': self.cluster.name, 'status': UNREADABLE})}"
