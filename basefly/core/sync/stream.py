"""Keeping the rows of one resource of a cluster true: its list and watch, reported to the writer as they come."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Hashable
from contextlib import aclosing
from functools import lru_cache
from typing import Any, cast

import msgspec

from basefly.base.kube.client import Client
from basefly.base.kube.discovery import Resource
from basefly.base.kube.objects import METADATA
from basefly.base.kube.watch import (
    Alive,
    Bookmark,
    Changed,
    Deleted,
    Due,
    Event,
    Listed,
    Listing,
    Pace,
    Quiet,
    Retrying,
    Skipped,
    Whole,
)
from basefly.base.kube.watch.follow import Following, Kept
from basefly.base.kube.watch.position import older
from basefly.core.sync import kinds
from basefly.core.sync.kind import Kind, Row, identity
from basefly.core.sync.model import Place
from basefly.core.sync.witness import Glimpse
from basefly.core.sync.writing.writer import Writer


@lru_cache(maxsize=256)
def _decoder(shape: Any) -> msgspec.json.Decoder[Any]:
    """One for all clusters, and with it one reader."""
    return msgspec.json.Decoder(shape)


class Recovered:
    """A stream that was interrupted stands again."""


News = Retrying | Listing | Recovered


class StreamSync:
    """The list and watch of one resource. `kept` is how far it has come, and `changed` is set at each change.

    With `restored` the next list is that of a cluster that was put back to an older state. `hear` is told every row.
    """

    def __init__(
        self,
        writer: Writer,
        place: Place,
        kind: Kind,
        kept: Kept,
        *,
        restored: bool = False,
        hear: Callable[[Row], None] | None = None,
    ) -> None:
        self._writer = writer
        self._place = place
        self._kind = kind
        self._restored = restored
        self._hear = hear
        self._woken: Callable[[], None] | None = None
        self.parked = False  # the watch is left alone until it tells something
        self._following: Following | None = None  # whose watch is or was parked
        self._eye = writer.eye if writer.witness.wants(kind.resource) else None
        self._shown: dict[str, str] = {}  # versions by uid, of the list that is being read
        self.kept = kept
        self._changed: asyncio.Event | None = None

    @property
    def changed(self) -> asyncio.Event:
        """Made for whoever waits for it: of fifty kinds of a cluster that is one."""
        self._changed = self._changed or asyncio.Event()
        return self._changed

    async def run(
        self,
        client: Client,
        resource: Resource,
        pace: Pace,
        tell: Callable[[News], None],
        woken: Callable[[], None] | None = None,
    ) -> None:
        """Follow the resource until it raises; `tell` is told interruptions that heal, and lists that begin.

        With `woken` a quiet watch is parked: this returns, and is to be called again when `woken` is.
        """
        self._woken = woken
        following, self._following = self._following or self._begin(client, resource, pace), None
        async with aclosing(following.events()) as events:
            async for event in events:
                if isinstance(event, Changed):  # nearly all of them
                    await self._see(event)
                elif isinstance(event, Quiet):
                    if woken is not None and following.park(event, self._heard):
                        self._following, self.parked = following, True
                        return
                elif isinstance(event, Retrying):
                    tell(event)
                else:
                    await self._apply(event)
                    if isinstance(event, Alive | Listed):
                        tell(Recovered())
                    elif isinstance(event, Listing):
                        tell(event)
                del event  # as in Lines.blocks

    def look(self, now: float) -> None:
        """Go on with a parked watch that has said nothing for too long (loop's time)."""
        if self.parked and self._following is not None and self._following.overdue(now):
            self._wake()

    def close(self) -> None:
        """End a parked watch."""
        self.parked = False
        if self._following is not None:
            self._following.close()
            self._following = None

    def _begin(self, client: Client, resource: Resource, pace: Pace) -> Following:
        typed = _decoder(cast("Hashable", self._kind.shape))
        decoder = Whole(typed) if self._eye else typed
        accept = METADATA if self._kind.metadata_only and not self._eye else None
        return Following(client, resource, decoder=decoder, since=self.kept, accept=accept, pace=pace)

    def _heard(self) -> None:
        """The parked watch has told something: where it is only that all is quiet, nobody need be woken."""
        if self.parked and self._following is not None:
            told = self._following.told(self._heard)
            for event in told or ():
                self._stand(event)
            if told is None:
                self._wake()

    def _wake(self) -> None:
        self.parked = False
        if self._woken is not None:
            self._woken()

    async def _apply(self, event: Event) -> None:
        match event:
            case Deleted():
                meta = event.object.metadata
                await self._report(identity(meta), None, event.resource_version, meta.resource_version)
            case Skipped():
                self._owe(doubtful=self.kept.doubtful or not event.known)
                await self._set_aside(event)
            case Due():
                self._owe(due=True)
            case Listing():
                self._shown = {}
                self._owe(doubtful=False, due=True)
                self._writer.state(self._place, "listing", "")
            case Listed():
                self._complete(event)
            case _:
                self._stand(event)

    def _stand(self, event: Event) -> None:
        """All was quiet up to now, or up to the version of a bookmark."""
        if isinstance(event, Bookmark):
            self._move(event.resource_version)
        self._writer.move(self._place, self.kept.version)

    async def _see(self, event: Changed) -> None:
        row = kinds.row(self._kind, event.object)
        glimpse = self._eye and self._eye(self._kind.resource, event.body)
        await self._report(row.uid, row, event.resource_version, row.resource_version, glimpse)

    async def _report(self, uid: str, row: Row | None, version: str, own: str, glimpse: Glimpse | None = None) -> None:
        if not version:  # the versions within a list are no place to resume from
            if older(own, self._shown.get(uid, "")):
                return  # told too late; within a list nothing else would notice
            self._shown[uid] = own
        if self._hear is not None and row is not None:
            self._hear(row)
        await self._writer.put(self._place, uid, row, version, glimpse)
        if version:  # whoever is stopped before this resumes from before
            self._move(version)
            self._tell()

    async def _set_aside(self, event: Skipped) -> None:
        """An object that cannot be read is kept as just that; without a name it can only be counted."""
        if event.name:
            row = kinds.unreadable(
                event.uid or f"{event.namespace}/{event.name}", event.namespace, event.name, event.reason
            )
            await self._report(row.uid, row, event.resource_version, "")
        else:
            self._writer.skip(self._place, event.reason)

    def _complete(self, list_: Listed) -> None:
        self._move(list_.resource_version)
        self._writer.listed(self._place, self._shown, list_.resource_version, restored=list_.restored or self._restored)
        self._owe(due=False)
        self._shown, self._restored = {}, False
        self._tell()

    def _tell(self) -> None:
        if self._changed is not None:
            self._changed.set()

    def _move(self, version: str) -> None:
        self.kept = self.kept._replace(version=version)

    def _owe(self, *, doubtful: bool | None = None, due: bool | None = None) -> None:
        """Whether a list is due, or will be; kept with the rows, for whoever follows the resource next."""
        before = self.kept
        doubtful = before.doubtful if doubtful is None else doubtful
        self.kept = Kept(before.version, doubtful, before.due if due is None else due)
        if self.kept != before:
            self._writer.owe(self._place, doubtful=self.kept.doubtful, due=self.kept.due)
