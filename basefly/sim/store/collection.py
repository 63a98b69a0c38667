"""All objects of one resource, sorted as etcd sorts them, and the history that leads to them."""

from __future__ import annotations

import asyncio
from bisect import bisect_left, bisect_right, insort
from operator import attrgetter

from basefly.sim.store.record import Change, Event, Record

_version = attrgetter("version")


class Collection:
    """Objects by key, and a log of events. Whoever watches reads the log and waits on `changed`.

    `version` is that of the newest event; `lost_after` is the last version whose event compaction has dropped.
    """

    def __init__(self) -> None:
        self.records: dict[str, Record] = {}
        self.closed = False
        self.version = 0
        self.lost_after = 0
        self._keys: list[str] = []
        self._log: list[Event] = []
        self._waiting: list[asyncio.Future[None]] = []

    def append(self, event: Event) -> None:
        """Take an event that is newer than all before it."""
        key = event.record.key
        if event.change is Change.DELETED:
            del self.records[key]
            self._keys.pop(bisect_left(self._keys, key))
        else:
            if key not in self.records:
                insort(self._keys, key)
            self.records[key] = event.record
        self._log.append(event)
        self.version = event.version
        self.wake()

    def load(self, records: list[Record]) -> None:
        """Fill an empty collection at once, without history."""
        self.records = {record.key: record for record in records}
        self._keys = sorted(self.records)
        self.version = max(record.version for record in records)

    def wake(self) -> None:
        waiting, self._waiting = self._waiting, []
        for future in waiting:
            if not future.done():
                future.set_result(None)

    def close(self) -> None:
        """The resource is gone: open watches end."""
        self.closed = True
        self.wake()

    async def changed(self, *, within: float) -> None:
        """Until something happens, at most `within` seconds."""
        future = asyncio.get_running_loop().create_future()
        self._waiting.append(future)
        await asyncio.wait((future,), timeout=max(within, 0))

    def since(self, version: int) -> list[Event]:
        """The events after a version, oldest first."""
        return self._log[bisect_right(self._log, version, key=_version) :]

    def forget(self, version: int) -> None:
        """Drop the history up to and including a version; `lost_after` is then the last version dropped."""
        end = bisect_right(self._log, version, key=_version)
        if end:
            self.lost_after = self._log[end - 1].version
            del self._log[:end]

    def page(self, *, namespace: str = "", after: str = "") -> list[Record]:
        """The objects, of a namespace or of all, behind the key `after`, in order."""
        prefix = f"{namespace}/" if namespace else ""
        start = bisect_right(self._keys, after) if after else bisect_left(self._keys, prefix)
        end = bisect_left(self._keys, f"{namespace}0") if namespace else len(self._keys)
        return [self.records[key] for key in self._keys[start:end]]

    def snapshot(self, version: int, *, namespace: str = "", after: str = "") -> list[Record]:
        """As `page`, at an earlier version: what has happened since is undone."""
        undone = self.since(version)
        if not undone:
            return self.page(namespace=namespace, after=after)
        past = dict(self.records)
        for event in reversed(undone):
            if event.previous is None:
                past.pop(event.record.key, None)
            else:
                past[event.record.key] = event.previous
        keys = sorted(key for key in past if key > after and (not namespace or key.startswith(f"{namespace}/")))
        return [past[key] for key in keys]
