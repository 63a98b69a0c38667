"""What processes take of the machine, read from /proc: the hub's own, and PostgreSQL's beneath it, apart."""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import msgspec

TICK = os.sysconf("SC_CLK_TCK")
LOOK_EVERY = 1.0  # s
_PSS = re.compile(r"^Pss:\s+(\d+) kB", re.MULTILINE)


class Usage(msgspec.Struct):
    """Seconds of processor since the process began, and bytes of memory; of shared pages each has its share (PSS)."""

    cpu: float = 0.0
    memory: int = 0

    def __add__(self, other: Usage) -> Usage:
        return Usage(self.cpu + other.cpu, self.memory + other.memory)


class Peaks(msgspec.Struct):
    """The most that was seen of each."""

    hub: int = 0
    postgres: int = 0


def of_hub(pid: int) -> tuple[Usage, Usage]:
    """The hub's processes, and the PostgreSQL that lives beneath them."""
    hub, postgres = Usage(), Usage()
    for each in _family(pid):
        with suppress(OSError):  # it has ended meanwhile
            if _name(each) == "postgres":
                postgres += of(each)
            else:
                hub += of(each)
    return hub, postgres


def cpu(pid: int) -> float:
    """Seconds of processor that a process has taken, its own and the kernel's (proc(5): fields 14 and 15 of stat)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICK


def of(pid: int) -> Usage:
    """One process (proc(5): smaps_rollup)."""
    found = _PSS.search(Path(f"/proc/{pid}/smaps_rollup").read_text())
    return Usage(cpu(pid), int(found[1]) * 1024 if found else 0)


@contextmanager
def watched(pid: int) -> Iterator[Peaks]:
    """Look at the hub's processes every second while the block runs."""
    peaks, over = Peaks(), threading.Event()

    def look() -> None:
        while True:
            hub, postgres = of_hub(pid)
            peaks.hub, peaks.postgres = max(peaks.hub, hub.memory), max(peaks.postgres, postgres.memory)
            if over.wait(LOOK_EVERY):
                return

    looking = threading.Thread(target=look, daemon=True)
    looking.start()
    try:
        yield peaks
    finally:
        over.set()
        looking.join()


def _family(pid: int) -> Iterator[int]:
    yield pid
    with suppress(OSError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            for child in (task / "children").read_text().split():
                yield from _family(int(child))


def _name(pid: int) -> str:
    return Path(f"/proc/{pid}/comm").read_text().strip()
