"""Memory that is free again goes back to the system."""

from __future__ import annotations

import asyncio
import gc
import re
import sys
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import pytest

from basefly.base.resilience.ending import end
from basefly.base.runtime import garbage

MIB = 2**20


def _held() -> int:
    found = re.search(r"^RssAnon:\s+(\d+) kB", Path("/proc/self/status").read_text(), re.MULTILINE)
    assert found
    return int(found[1]) * 1024


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="glibc alone is asked to")
async def test_what_is_free_below_something_that_is_not_is_given_back() -> None:
    """The C library by itself gives back only what lies at the end."""
    blocks = [bytes(4000) for _ in range(40_000)]
    blocks = blocks[::20]
    full = _held()
    tidying = asyncio.create_task(garbage.tidy(every=0.05))
    async with asyncio.timeout(20):
        while _held() > full - 50 * MIB:
            await asyncio.sleep(0.05)
    await end(tidying)
    gc.unfreeze()
    assert len(blocks) == 2000


def _left_by_pages() -> int:
    """Bytes that a process holds more after ten pages of 4 MiB have come and gone, with what stays between them."""
    garbage.settle()
    page = bytearray(b"x") * 2**23
    del page  # from then on, left to itself, glibc would take such a page from where all else lies
    pages, kept, before = [], [], _held()
    for _ in range(10):
        pages.append(bytearray(b"x") * 2**22)
        kept.append(bytes(4000))
    pages.clear()
    return _held() - before


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="glibc alone is asked to")
def test_a_page_of_a_list_is_given_back_whatever_lies_behind_it() -> None:
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as process:
        assert process.submit(_left_by_pages).result() < 4 * MIB, "what stays between the pages has 40 KiB"


async def test_many_objects_at_once_are_looked_through_before_they_are_more() -> None:
    """After a restart a hub makes millions in a minute: at its end they would keep everybody waiting for a second."""
    gc.collect()
    threshold = gc.get_threshold()
    gc.set_threshold(garbage.YOUNG, garbage.OLD, garbage.OLD)
    before = gc.get_freeze_count()
    tidying = asyncio.create_task(garbage.tidy())
    try:
        held: list[list[None]] = [[] for _ in range(garbage.MANY + 2 * garbage.YOUNG)]
        async with asyncio.timeout(20):
            while gc.get_freeze_count() < before + len(held):
                await asyncio.sleep(0.05)
    finally:
        await end(tidying)
        gc.unfreeze()
        gc.set_threshold(*threshold)
