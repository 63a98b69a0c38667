"""The same fleet read without bulkheads: one context after another, and all at once.

The first is what a loop over kubectl does, the second `asyncio.gather` over one client with its defaults. Both ask for
the metadata of namespaces alone, so that bytes do not count.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence

import aiohttp

from bench.isolation.fleet import Member

GIVEN_UP = 10.0  # s after which we stop waiting for a rival; kubectl and the clients' defaults wait on

_METADATA = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"


async def one_after_another(members: Sequence[Member], given_up: float = GIVEN_UP) -> float:
    """Seconds until the last cluster was read, or `given_up`: kubectl's own --request-timeout is 0, for ever."""
    began = time.monotonic()
    try:
        async with asyncio.timeout(given_up), aiohttp.ClientSession() as session:
            for member in members:
                await _read(session, member)
    except TimeoutError:
        return given_up
    return time.monotonic() - began


async def all_at_once(members: Sequence[Member], given_up: float = GIVEN_UP) -> float:
    """The same for one `gather` over a session with aiohttp's defaults (five minutes): nobody sees the first answers
    before the last is there."""
    began = time.monotonic()
    try:
        async with asyncio.timeout(given_up), aiohttp.ClientSession() as session:
            await asyncio.gather(*(_read(session, member) for member in members))
    except TimeoutError:
        return given_up
    return time.monotonic() - began


async def _read(session: aiohttp.ClientSession, member: Member) -> int:
    headers = {"Authorization": f"Bearer {member.token}", "Accept": _METADATA}
    url = f"{member.server}/api/v1/namespaces?limit=500"
    async with session.get(url, ssl=member.trust, headers=headers) as answer:
        return len(await answer.read())
