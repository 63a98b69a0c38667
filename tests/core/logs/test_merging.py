"""Many logs as one: the order of time, as fast as it is read, in bounded memory."""

from __future__ import annotations

import asyncio
import time

import pytest

from basefly.core.logs import merging
from basefly.core.logs.merging import Merge, Tap, written


async def fill(tap: Tap, *lines: str, every: float = 0.0) -> None:
    for line in lines:
        await tap.put(f"{line}\n".encode(), written(f"{line} ".encode())[1])
        await asyncio.sleep(every)
    tap.end()


def at(seconds: float) -> str:
    return f"2026-01-01T00:00:{seconds:06.3f}".rstrip("0").rstrip(".") + "Z"


async def told(merge: Merge) -> list[str]:
    found = []
    while not merge.over:
        if line := await merge.next(1.0):
            found.append(line.decode().strip())
    return found


class TestOrder:
    async def test_a_backlog_comes_in_the_order_of_time_however_slow_one_of_them_is(self) -> None:
        merge = Merge(3, follow=False)
        moments = [at(n / 7) for n in range(300)]
        filling = [
            fill(merge.taps[0], *moments[::3]),
            fill(merge.taps[1], *moments[1::3], every=0.002),
            fill(merge.taps[2], *moments[2::3]),
        ]
        lines, *_ = await asyncio.gather(told(merge), *filling)
        assert lines == moments

    async def test_a_reader_who_is_slower_than_all_patience_reads_the_same(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(merging, "WAITING", 100)
        monkeypatch.setattr(merging, "LIVE", 0.001)
        merge = Merge(2, follow=True)
        moments = [at(n) for n in range(40)]
        tasks = [asyncio.create_task(fill(tap, *moments[n::2])) for n, tap in enumerate(merge.taps)]
        await asyncio.sleep(0.05)
        lines = []
        while not merge.over:
            await asyncio.sleep(0.01)
            if line := await merge.next(1.0):
                lines.append(line.decode().strip())
        assert lines == moments
        await asyncio.gather(*tasks)

    async def test_who_is_silent_keeps_followed_lines_no_longer_than_a_moment(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(merging, "FIRST", 0.05)
        merge = Merge(2, follow=True)
        await merge.taps[0].put(b"a\n", "1")
        began = time.monotonic()
        assert await merge.next(1.0) == b"a\n"
        assert 0.03 < time.monotonic() - began < 0.9
        assert await merge.next(0.05) == b""

    @pytest.mark.parametrize(
        ("line", "key"),
        [
            ("2026-01-01T00:00:00Z x", "2026-01-01T00:00:00"),
            ("2026-01-01T00:00:00.25Z x", "2026-01-01T00:00:00.25"),
            ("2026-01-01T02:00:00.123456789+02:00 x", "2026-01-01T00:00:00.123456789"),
            ("no moment", ""),
        ],
    )
    def test_moments_sort_as_time_does(self, line: str, key: str) -> None:
        assert written(line.encode())[1] == key


class TestBounds:
    async def test_nothing_is_read_faster_than_it_is_taken(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(merging, "WAITING", 1000)
        merge = Merge(1, follow=True)
        (tap,) = merge.taps
        filling = asyncio.create_task(fill(tap, *(f"{n:099}" for n in range(500))))
        await asyncio.sleep(0.1)
        assert len(tap.lines) == 10
        await merge.next(1.0)
        await asyncio.sleep(0.01)
        assert len(tap.lines) == 10
        filling.cancel()
