"""One kind of one cluster: how to ask for it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AsyncExitStack
from typing import Any

import msgspec

from basefly.base.kube.client import Client
from basefly.base.kube.objects import JSON, Page
from basefly.base.kube.watch.pace import Pace
from basefly.base.kube.watch.position import Position
from basefly.base.kube.watch.reader import Reader


class Source(msgspec.Struct, frozen=True):
    """What lists and streams share."""

    client: Client
    path: str
    reader: Reader
    pace: Pace
    accept: str = JSON

    @property
    def accept_list(self) -> str:
        """The media type of a list, to match that of one object."""
        return self.accept.replace("as=PartialObjectMetadata;", "as=PartialObjectMetadataList;")

    async def admit(self, held: AsyncExitStack) -> Callable[[], None]:
        """Wait until one more list may run; it counts as running until `held` is closed.

        Call what is returned when the server has begun to answer: one that is silent does not count for long.
        """
        if self.pace.lists is None:
            return lambda: None
        return await held.enter_async_context(self.pace.lists.turn(self.pace.rank))

    async def check(self, position: Position) -> None:
        """See by the smallest list that the server answers, and is not behind what was seen (Behind, Restored)."""
        page: Page[Any] = await self.client.get_json(
            self.path, {"limit": 1}, into=Page[msgspec.Raw], accept=self.accept_list
        )
        position.check(page.metadata.resource_version, self.pace.clock(), self.pace.proof)
