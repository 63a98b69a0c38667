"""Images as they run: repositories, their tags, and the digests that were pulled for them."""

from __future__ import annotations

from datetime import datetime
from typing import Literal
from uuid import UUID

import msgspec

from basefly.core.sync.freshness import Missing

PAGE = 50
Only = Literal["", "latest", "drift"]


class ImageQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Which images to list. `only`: "latest" are those with the tag latest or none, "drift" tags of several digests."""

    clusters: tuple[UUID, ...] = ()
    namespaces: tuple[str, ...] = ()
    text: str = ""
    registry: str = ""
    only: Only = ""
    limit: int = PAGE
    cursor: str = ""


class Repository(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that runs from one repository. `drifting` counts the tags that were pulled as several digests."""

    repository: str
    tags: int
    digests: int
    drifting: int
    floating: bool
    clusters: int
    namespaces: int
    pods: int
    workloads: int


class Use(msgspec.Struct, frozen=True, kw_only=True):
    """One image in one namespace of one cluster. `digest` has 16 characters of the sha256; "" where none is known."""

    cluster_id: UUID
    cluster: str
    namespace: str
    tag: str
    digest: str
    image: str
    pods: int
    workloads: int


class ImagePage(msgspec.Struct, frozen=True, kw_only=True):
    """One page of repositories; `next` is the cursor of the one after."""

    items: list[Repository]
    next: str | None
    as_of: dict[str, datetime | None]
    missing: list[Missing]
