"""What an agent and its enrolment are, and how soon one that keeps coming back may come again."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

import msgspec

from basefly.base.tunnel.identity import fingerprint
from basefly.core.clusters.actions import Settings

State = Literal["pending", "approved", "refused", "revoked"]
Profile = Literal["view", "operate", "admin"]
LIFETIME = timedelta(hours=1)  # of an enrolment token
LONGEST = timedelta(days=7)
PENDING = timedelta(days=7)  # how long an agent may wait for its approval
ALIVE = timedelta(seconds=60)  # a session that was not seen for so long is none
STEADY = timedelta(seconds=30)  # a session that lasted so long was no flap
PATIENCE = 3  # flaps in a row that cost nothing
LONGEST_WAIT = 300.0  # s


class Wishes(msgspec.Struct, frozen=True, kw_only=True):
    """What a new cluster is to be called and where it is, as far as somebody has said."""

    name: str = ""
    labels: dict[str, str] = {}
    region: str | None = None
    provider: str | None = None

    @property
    def settings(self) -> Settings:
        """The same, as clusters are registered with."""
        return Settings(name=self.name, labels=self.labels, region=self.region, provider=self.provider, once=True)


class Enrolment(msgspec.Struct, frozen=True, kw_only=True):
    """What a token is to be good for: a new cluster, or the agent of `cluster`, which is there."""

    wishes: Wishes = Wishes()
    cluster: str = ""
    approval: bool = True
    lifetime: timedelta = LIFETIME


class Token(msgspec.Struct, frozen=True, kw_only=True):
    """What lets one agent enrol: for a new cluster, or for one that is there (`cluster_id`).

    Without `approval` the cluster is connected as soon as its agent is there.
    """

    id: UUID
    cluster_id: UUID | None
    wishes: Wishes
    approval: bool
    created_by: UUID
    created_at: datetime
    expires_at: datetime
    used_at: datetime | None
    withdrawn_at: datetime | None


class NewToken(Token, frozen=True, kw_only=True):
    """A token just made: `token` is shown this once and never again."""

    token: str


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """An agent as the table has it."""

    id: UUID
    token_id: UUID
    cluster_id: UUID | None
    cluster: str
    wishes: Wishes
    public: bytes
    next_public: bytes | None
    state: State
    epoch: int
    holder: str
    version: str
    kubernetes: str
    identity: str
    address: str
    flaps: int
    created_at: datetime
    decided_at: datetime | None
    rotated_at: datetime
    connected_at: datetime | None
    seen_at: datetime | None
    cut_at: datetime | None
    cut_reason: str
    connected: bool

    def agent(self) -> Agent:
        """The same, for people."""
        values = {name: getattr(self, name) for name in Agent.__struct_fields__ if name not in ("fingerprint", "name")}
        name = self.cluster or self.wishes.name
        return Agent(**values, fingerprint=fingerprint(self.public), name=name)


class Agent(msgspec.Struct, frozen=True, kw_only=True):
    """A program in a cluster that dials out to the hub. `name` is what its cluster is, or would be, called.

    `fingerprint` is of its key; the agent's own log shows it too. `cut_at` is when its last session ended.
    """

    id: UUID
    name: str
    cluster_id: UUID | None
    fingerprint: str
    state: State
    connected: bool
    version: str
    kubernetes: str
    address: str
    created_at: datetime
    decided_at: datetime | None
    rotated_at: datetime
    connected_at: datetime | None
    seen_at: datetime | None
    cut_at: datetime | None
    cut_reason: str


class Keys(msgspec.Struct, frozen=True):
    """Who the hub is to an organization's agents, its secret half sealed; and whether all of them need approval."""

    public: bytes
    sealed: bytes
    approval: bool


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """Where an agent's session is: in the process that `holder` leads to."""

    id: UUID
    holder: str
    connected: bool


def wait(flaps: int) -> float:
    """How many seconds an agent must stay away that came back so often in a row."""
    return 0.0 if flaps <= PATIENCE else min(LONGEST_WAIT, 2.0 ** (flaps - PATIENCE))
