"""Passwords as argon2id hashes, computed aside so that no request waits for another's sign-in."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar, TypeVarTuple

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from basefly.base.errors import Unavailable
from basefly.base.secret import Secret

T = TypeVar("T")
Words = TypeVarTuple("Words")

_QUEUE = 32  # hashes that may wait; each takes about 0.05 s of a core and 32 MiB

# Above the floor of OWASP (19 MiB and 2 rounds, or 46 MiB and 1).
_hasher = PasswordHasher(memory_cost=32 * 1024, time_cost=2, parallelism=1)
_pool = ThreadPoolExecutor(2, thread_name_prefix="argon2")
_waiting = 0

# Of a password that nobody has: checked when there is no account, so that both take the same time.
_NOBODY = "$argon2id$v=19$m=32768,t=2,p=1$Y2YyM2E0NWU2Nzg5MGFiYw$r1tT0x0oWf4Vb5v8mIu1c3Y2x5k7q9d0b6h4n2j8s6E"


async def hashed(password: Secret) -> str:
    """The hash to keep."""
    return await _aside(_hasher.hash, password.reveal())


async def matches(password: Secret, kept: str | None) -> bool:
    """Whether this is the password; False, after the same time, when there is none."""
    fits = await _aside(_verify, kept or _NOBODY, password.reveal())
    return fits and kept is not None


def outdated(kept: str) -> bool:
    """Whether the hash was made with weaker parameters than today's, and should be made anew."""
    return _hasher.check_needs_rehash(kept)


def _verify(kept: str, password: str) -> bool:
    try:
        return _hasher.verify(kept, password)
    except (VerificationError, InvalidHashError):
        return False


async def _aside(work: Callable[[*Words], T], *words: *Words) -> T:
    """Run in the small pool; refuse rather than let sign-ins pile up without bound."""
    global _waiting  # noqa: PLW0603  # one pool a process, one count of who waits for it
    if _waiting >= _QUEUE:
        raise Unavailable("Too many people sign in at this moment.", cure="Try again in a few seconds.", retry_after=5)
    _waiting += 1
    try:
        return await asyncio.get_running_loop().run_in_executor(_pool, work, *words)
    finally:
        _waiting -= 1
