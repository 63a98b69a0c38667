"""What requests about grants carry, here and in the slices above: a place, checked field by field."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec

from basefly.base.web import Body
from basefly.core.access.model import Clusters, Where

Word = Annotated[str, msgspec.Meta(min_length=1, max_length=253)]
Moment = Annotated[datetime, msgspec.Meta(tz=True)]
Most = msgspec.Meta(min_length=1, max_length=1000)


class WhereBody(Body):
    """Over what. `clusters` says which of `cluster_ids`, `labels` and `region` is given; no namespaces means all."""

    clusters: Clusters = "all"
    cluster_ids: Annotated[list[UUID], Most] | None = None
    labels: Annotated[str, msgspec.Meta(min_length=1, max_length=1000)] | None = None
    region: Annotated[str, msgspec.Meta(min_length=1, max_length=100)] | None = None
    namespaces: Annotated[list[Word], Most] | None = None

    def place(self) -> Where:
        """The same, for our actions."""
        return Where(
            clusters=self.clusters,
            cluster_ids=None if self.cluster_ids is None else tuple(self.cluster_ids),
            labels=None if self.labels is None else self.labels.strip(),
            region=None if self.region is None else self.region.strip(),
            namespaces=None if self.namespaces is None else tuple(self.namespaces),
        )
