"""A list in pages: bounded memory whatever the size of the kind, one snapshot from the first page to the last."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack

import msgspec

from basefly.base.kube.errors import ConnectError
from basefly.base.kube.objects import METADATA_LIST, ObjectMeta, Page, PartialObject
from basefly.base.kube.watch.events import Changed, Event, Listing, Skipped
from basefly.base.kube.watch.position import Position
from basefly.base.kube.watch.reader import PageOf, Unreadable, page_metadata
from basefly.base.kube.watch.source import Source


async def pages(source: Source, position: Position) -> AsyncGenerator[Event, None]:
    """List the kind. A 410 half-way (Gone) gives the whole list up: pages of two snapshots are never mixed."""
    async with AsyncExitStack() as held:
        heard = await source.admit(held)
        yield Listing("pages")
        token, size, version = "", source.pace.page, ""
        while not version or token:
            asked: dict[str, str | int] = {"limit": size}
            asked |= {"continue": token} if token else position.list_params()
            page, size = await _page(source, asked)
            heard()
            if not version:
                position.admit(page.metadata.resource_version, source.pace.clock())
            for found, whole in page.objects:
                if isinstance(found, Unreadable):
                    meta = found.metadata
                    yield Skipped(meta.uid, meta.name, meta.namespace, found.reason, "")
                else:
                    yield Changed(found, "", whole)
            version = version or page.metadata.resource_version or "0"
            token = page.metadata.continue_
        yield position.complete(version)


async def _page(source: Source, asked: dict[str, str | int]) -> tuple[PageOf, int]:
    """A page and the size to ask for next; asked for with fewer objects while it is too large or cannot be read."""
    size = int(asked["limit"])
    while True:
        try:
            body = await source.client.get_bytes(
                source.path, asked | {"limit": size}, accept=source.accept_list, limit=source.pace.page_bytes
            )
        except ConnectError as error:
            if error.kind != "too_large":
                raise
            if size == 1:
                return await _giant(source, asked | {"limit": 1}, error), source.pace.page
            size = max(size // 8, 1)
            continue
        try:
            return source.reader.page(body), min(size * 2, source.pace.page)
        except msgspec.DecodeError as error:
            if size == 1:
                return _lost(source, body, error), source.pace.page
            size = max(size // 8, 1)


def _lost(source: Source, body: bytes, error: msgspec.DecodeError) -> PageOf:
    """A page of one object that is no JSON at all: leave the object out and go on behind it."""
    try:
        metadata = page_metadata(body)
    except msgspec.DecodeError:
        raise ConnectError("not_kubernetes", source.client.server, why=str(error)) from error
    return PageOf(metadata, iter([(Unreadable(ObjectMeta(), str(error)), b"")]))


async def _giant(source: Source, asked: dict[str, str | int], why: ConnectError) -> PageOf:
    """A page of one object that is too large: its metadata alone says which it is, and where to go on behind it."""
    found: Page[PartialObject] = await source.client.get_json(
        source.path, asked, into=Page[PartialObject], accept=METADATA_LIST
    )
    return PageOf(found.metadata, iter([(Unreadable(one.metadata, why.detail), b"") for one in found.items or ()]))
