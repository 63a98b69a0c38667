"""Against guessing: token buckets in the database, so that a restart forgives nothing and no process is a way around.

One atomic statement by the database's clock; asked before any password is hashed, for names that exist and that do not.
"""

from __future__ import annotations

import hashlib
import math
from typing import NamedTuple

from basefly.base.db.pool import Database
from basefly.base.errors import Limited
from basefly.core.identity import store


class Bucket(NamedTuple):
    """`capacity` attempts at once, and `rate` more each second."""

    capacity: int
    rate: float


ACCOUNT = Bucket(10, 1 / 60)  # attempts on one account: ten, then one a minute
NETWORK = Bucket(60, 1 / 5)  # attempts from one network: sixty, then twelve a minute
LINK = Bucket(5, 1 / 600)  # links by mail to one address: five, then one in ten minutes
ACCOUNTS = Bucket(60, 1 / 10)  # accounts that an organization makes: sixty, then six a minute
SETUP = Bucket(10, 1 / 60)  # attempts at the set-up link from one network


async def spend(db: Database, what: str, whose: str, bucket: Bucket) -> None:
    """Take one token from a bucket; raises Limited with the seconds to wait when it is empty."""
    key = hashlib.sha256(f"{what}\0{whose}".encode()).digest()
    async with db.transaction() as tx:
        wait = await store.spend(tx, key, capacity=bucket.capacity, rate=bucket.rate)
    if wait:
        raise Limited("Too many attempts.", retry_after=math.ceil(wait))


async def forgive(db: Database, what: str, whose: str) -> None:
    """Fill a bucket again: whoever got in has proved that they were not guessing."""
    async with db.transaction() as tx:
        await store.fill(tx, hashlib.sha256(f"{what}\0{whose}".encode()).digest())
