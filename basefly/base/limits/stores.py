"""Where buckets lie: in this process, or in a Redis (or Valkey) that all hubs share."""

from __future__ import annotations

import math
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Protocol

import redis.asyncio
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from basefly.base.limits.model import Bucket, Decision, Level

MOST = 100_000  # buckets in memory; the one that was left alone longest goes first, and has filled up the most
PATIENCE = 0.25  # seconds that a request waits for the shared store

# Takes from every bucket or from none, by the store's own clock, so that hubs whose clocks differ agree.
SCRIPT = """
local time = redis.call('TIME')
local now = tonumber(time[1]) + tonumber(time[2]) / 1000000
local cost = tonumber(ARGV[1])
local have, passed = {}, 1
for i, key in ipairs(KEYS) do
  local capacity, rate = tonumber(ARGV[2 * i]), tonumber(ARGV[2 * i + 1])
  local kept = redis.call('HMGET', key, 'tokens', 'at')
  local tokens = capacity
  if kept[1] then
    tokens = math.min(capacity, tonumber(kept[1]) + math.max(0, now - tonumber(kept[2])) * rate)
  end
  have[i] = tokens
  if tokens < cost then passed = 0 end
end
local told = {passed}
for i, key in ipairs(KEYS) do
  local capacity, rate = tonumber(ARGV[2 * i]), tonumber(ARGV[2 * i + 1])
  if passed == 1 then have[i] = have[i] - cost end
  redis.call('HSET', key, 'tokens', string.format('%.6f', have[i]), 'at', string.format('%.6f', now))
  redis.call('PEXPIRE', key, math.ceil(capacity / rate * 1000) + 1000)
  told[i + 1] = string.format('%.6f', have[i])
end
return told
"""


class Lost(Exception):
    """The shared store does not answer."""


class Store(Protocol):
    """Holds buckets."""

    async def take(self, buckets: Sequence[Bucket], cost: int) -> Decision:
        """Take `cost` from each bucket, or from none if one has less. Raises Lost."""
        ...

    async def close(self) -> None:
        """Let go of what is held."""
        ...


class Memory:
    """Buckets of this process alone."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    async def take(self, buckets: Sequence[Bucket], cost: int) -> Decision:
        """Take at once from all, or from none."""
        now = self._clock()
        have = [self._tokens(bucket, now) for bucket in buckets]
        passed = all(tokens >= cost for tokens in have)
        left = [tokens - cost if passed else tokens for tokens in have]
        for bucket, tokens in zip(buckets, left, strict=True):
            self._buckets[bucket.key] = (tokens, now)
            self._buckets.move_to_end(bucket.key)
        while len(self._buckets) > MOST:
            self._buckets.popitem(last=False)
        return Decision(passed, tuple(Level(*pair) for pair in zip(buckets, left, strict=True)), cost)

    async def close(self) -> None:
        """Nothing is held."""

    def _tokens(self, bucket: Bucket, now: float) -> float:
        tokens, at = self._buckets.get(bucket.key, (math.inf, now))
        return min(bucket.quota.requests, tokens + max(0.0, now - at) * bucket.quota.rate)


class Shared:
    """Buckets in a Redis (or Valkey): one script, atomic there."""

    def __init__(self, url: str, *, patience: float = PATIENCE) -> None:
        self._client = redis.asyncio.Redis.from_url(
            url,
            socket_timeout=patience,
            socket_connect_timeout=patience,
            retry=Retry(NoBackoff(), 0),
            client_name="basefly",
        )
        self._script = self._client.register_script(SCRIPT)

    async def take(self, buckets: Sequence[Bucket], cost: int) -> Decision:
        """Take in one round trip."""
        numbers = [str(n) for bucket in buckets for n in (bucket.quota.requests, bucket.quota.rate)]
        try:
            told = await self._script(keys=[bucket.key for bucket in buckets], args=[str(cost), *numbers])
        except (RedisError, OSError, TimeoutError) as error:
            raise Lost(type(error).__name__) from error
        levels = tuple(Level(bucket, float(left)) for bucket, left in zip(buckets, told[1:], strict=True))
        return Decision(bool(told[0]), levels, cost)

    async def close(self) -> None:
        """Close every connection."""
        await self._client.aclose()
