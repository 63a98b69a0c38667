"""What a limit is: how many requests of a class somebody has in a minute, and what an answer tells of it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from ipaddress import IPv6Address, ip_address, ip_network
from typing import ClassVar, Literal, Protocol
from uuid import UUID

import msgspec

from basefly.base.errors import Limited
from basefly.base.settings import Settings

Class = Literal["read", "write", "expensive", "gateway", "sign-in"]
Whose = Literal["user", "org", "network"]

ORGANIZATION = 10  # an organization has as much as ten of its people
NETWORK = 10  # so has a network, where many may sit behind one address
WINDOW = 60  # seconds


class Quota(msgspec.Struct, frozen=True):
    """So many requests at once, and as many again over `window` seconds."""

    requests: int
    window: int = WINDOW

    @property
    def rate(self) -> float:
        """Requests regained a second."""
        return self.requests / self.window

    def times(self, factor: float) -> Quota:
        """A multiple of it, of at least one request."""
        return Quota(max(1, int(self.requests * factor)), self.window)


class Bucket(msgspec.Struct, frozen=True):
    """One bucket to take from: its name in answers, the key in the store, and how much it holds."""

    name: str
    key: str
    quota: Quota


class Level(msgspec.Struct, frozen=True):
    """What is left in a bucket after a request took from it, or was refused."""

    bucket: Bucket
    tokens: float

    @property
    def remaining(self) -> int:
        """Whole requests left."""
        return max(0, math.floor(self.tokens))

    def wait(self, cost: int = 1) -> int:
        """Whole seconds until the bucket has `cost` again."""
        return max(0, math.ceil((cost - self.tokens) / self.bucket.quota.rate))


class Decision(msgspec.Struct, frozen=True):
    """Whether a request may pass, and how each bucket stands."""

    passed: bool
    levels: tuple[Level, ...]
    cost: int = 1

    @property
    def policy(self) -> str:
        """The header RateLimit-Policy (draft-ietf-httpapi-ratelimit-headers)."""
        told = (f'"{at.bucket.name}";q={at.bucket.quota.requests};w={at.bucket.quota.window}' for at in self.levels)
        return ", ".join(told)

    @property
    def standing(self) -> str:
        """The header RateLimit: what remains of each policy, and the seconds until there is more."""
        return ", ".join(f'"{at.bucket.name}";r={at.remaining};t={max(1, at.wait(at.remaining + 1))}'
                         for at in self.levels)  # fmt: skip

    def require(self) -> None:
        """Raise Exceeded when the request may not pass."""
        if not self.passed:
            short = [at for at in self.levels if at.tokens < self.cost]
            raise Exceeded([at.bucket.name for at in short], max(1, *(at.wait(self.cost) for at in short)))


class Exceeded(Limited):
    """A quota is used up; the members are those of draft-ietf-httpapi-ratelimit-headers, section 5."""

    code: ClassVar[str] = "quota-exceeded"
    type_uri = "https://iana.org/assignments/http-problem-types#quota-exceeded"

    def __init__(self, policies: Sequence[str], retry_after: int) -> None:
        told = ", ".join(policies)
        super().__init__(
            f"More requests than the quota ({told}) allows.",
            retry_after=retry_after,
            **{"violated-policies": list(policies)},
        )


class Quotas(Protocol):
    """How much an organization's people have; a plan may give them more or less than everybody."""

    async def of(self, org_id: UUID) -> Mapping[Class, Quota]:
        """One person's quotas there; a class that is left out has the hub's own."""
        ...


class Alike:
    """Every organization has the hub's own quotas."""

    async def of(self, org_id: UUID) -> Mapping[Class, Quota]:  # noqa: ARG002  # the Protocol's name
        """None of its own."""
        return {}


def own(settings: Settings) -> dict[Class, Quota]:
    """One person's quotas as the operator set them; those for signing in are a network's."""
    return {
        "read": Quota(settings.rate_read),
        "write": Quota(settings.rate_write),
        "expensive": Quota(settings.rate_expensive),
        "gateway": Quota(settings.rate_gateway),
        "sign-in": Quota(settings.rate_sign_in),
    }


def network(address: str) -> str:
    """The network that an address stands for: itself, or its /64 for IPv6, where one customer has all of that."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return "unknown"
    if isinstance(parsed, IPv6Address) and parsed.ipv4_mapped:
        return str(parsed.ipv4_mapped)
    return str(ip_network((parsed, 64), strict=False)) if isinstance(parsed, IPv6Address) else str(parsed)
