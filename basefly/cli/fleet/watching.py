"""`--watch`: the list, then a line for each change, as the hub hears of it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from itertools import chain
from typing import Any

from basefly.cli import terminal
from basefly.cli.client.hub import Hub
from basefly.cli.exits import Exit, Failure, misuse
from basefly.cli.fleet.freshness import Freshness
from basefly.cli.fleet.kinds import Kinds, Resource
from basefly.cli.fleet.query import Asked, rows
from basefly.cli.fleet.reference import Reference, name_of
from basefly.cli.show import documents
from basefly.cli.show.table import Cell, Table
from basefly.cli.terminal import Colour

PAUSE = 0.25  # seconds; changes that follow each other faster are read together
LONGEST = 15.0  # seconds between tries to reach the hub again
_COLOURS: dict[str, Colour] = {"ADDED": "green", "MODIFIED": "yellow", "DELETED": "red"}

Item = dict[str, Any]


def follow(hub: Hub, asked: Asked) -> Exit:
    """Print until Ctrl-C. A hub that goes away and comes back only makes a pause."""
    wanted = [(resource, ref) for ref in asked.references for resource in Kinds(hub).expand(ref.kind)]
    if len(wanted) != 1:
        raise misuse("Only one kind can be watched at a time.", "Start a second `basefly get --watch` for the other.")
    if asked.limit:
        asked = _unlimited(asked)
    _Watch(hub, asked, *wanted[0]).run()
    return Exit.OK


def _unlimited(asked: Asked) -> Asked:
    """A limit would make objects leave and enter the list without having changed."""
    from dataclasses import replace

    return replace(asked, limit=0)


class _Watch:
    """What was seen last, and how changes are printed."""

    def __init__(self, hub: Hub, asked: Asked, resource: Resource, reference: Reference) -> None:
        self._hub, self._asked, self._resource, self._reference = hub, asked, resource, reference
        self._seen: dict[str, Item] = {}
        self._missing: dict[str, str] = {}
        self._layout = asked.layout(resource)
        self._table = Table(["event", *self._layout.headings()], headed=asked.headed)

    def run(self) -> None:
        self._refresh()
        for _ in self._changes():
            self._refresh()

    def _changes(self) -> Iterator[None]:
        """A beat for every change, and one after each time the hub was away."""
        pause = 1.0
        while True:
            try:
                for _ in self._hub.changes([f"inventory/*/{self._resource['name']}"]):
                    pause = 1.0
                    yield
                    time.sleep(PAUSE)
            except Failure as failure:
                if failure.exit_code is not Exit.UNREACHABLE:
                    raise
                terminal.note(f"{failure.what} Trying again.", "dim")
            time.sleep(pause)
            pause = min(pause * 2, LONGEST)

    def _refresh(self) -> None:
        fresh = Freshness()
        try:
            pages = rows(self._hub, self._asked, self._resource, self._reference, fresh)
            now = {f"{item['cluster']['id']}/{item['uid']}": item for item in chain.from_iterable(pages)}
        except Failure as failure:
            if failure.exit_code is not Exit.UNREACHABLE or not self._seen:
                raise
            return
        before, self._seen = self._seen, now
        self._print([("DELETED", item) for key, item in before.items() if key not in now])
        self._print([("ADDED", item) for key, item in now.items() if key not in before])
        changed = [key for key in now if key in before and _shown(now[key]) != _shown(before[key])]
        self._print([("MODIFIED", now[key]) for key in changed])
        if fresh.words.keys() != self._missing.keys():
            fresh.tell()
        self._missing = fresh.words
        terminal.flush()

    def _print(self, changes: list[tuple[str, Item]]) -> None:
        if not changes:
            return
        if self._asked.output in ("json", "yaml"):
            lines = [documents.as_json_line({"event": event, "object": item}) for event, item in changes]
        elif self._asked.output == "name":
            lines = [f"{event} {terminal.clean(name_of(item))}" for event, item in changes]
        else:
            lines = self._table.draw(
                [Cell(event.ljust(8), _COLOURS[event]), *self._layout.row(item)] for event, item in changes
            )
        for line in lines:
            terminal.say(line)


def _shown(item: Item) -> tuple[Any, ...]:
    """What makes a change: whatever a row shows, but not a version that moved without it."""
    return tuple(item.get(field) for field in ("status", "health", "labels", "cells", "created_at"))
