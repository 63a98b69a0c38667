"""What an agent and a hub say to each other about their session. New fields get defaults; unknown ones are passed over.

agent  Greeting    which organization, which versions, a nonce
hub    Challenge   its signature of that nonce: the agent goes on only if it knows this hub's key. A nonce
agent  Hello       its signature of that nonce, who it is, or a token that lets it enrol
hub    Welcome     pending or approved; or a Refusal, which says whether to come again and when
agent  Access      how its cluster is spoken to, once approved, and whenever that changes
agent  Rotation    its next key, kept on its side before it is told; hub: Rotated, kept on its side too
"""

from __future__ import annotations

from typing import Final, Literal
from uuid import UUID

import msgspec

from basefly.base.tunnel.frames import VERSION, Broken

PROTOCOLS: Final = (VERSION,)  # of frames and words, oldest first
APART: Final = 2  # minor versions that hub and agent may be apart
SUBPROTOCOL: Final = "basefly-agent"
PATH: Final = "/agent/v1/connect"
PEER_PATH: Final = "/agent/v1/peer"  # where hub processes ask each other for streams
ENROLMENT: Final = "basefly_agent_"  # how enrolment tokens begin, so that scanners find leaked ones

Code = Literal[
    "version", "unknown", "token", "refused", "busy", "replaced", "revoked", "broken", "ending"
]  # fmt: skip


class Greeting(msgspec.Struct, tag="greeting", frozen=True, kw_only=True):
    """The agent begins."""

    organization: UUID
    nonce: bytes
    version: str
    protocols: list[int]


class Challenge(msgspec.Struct, tag="challenge", frozen=True, kw_only=True):
    """The hub proves itself and asks for the same. `protocol` is the newest that both speak."""

    nonce: bytes
    signature: bytes
    version: str
    protocol: int


class Hello(msgspec.Struct, tag="hello", frozen=True, kw_only=True):
    """The agent proves itself. `token` lets one enrol whose key is not known yet.

    `identity` is what tells its cluster from every other, if it could find out.
    """

    public: bytes
    signature: bytes
    token: str = ""
    identity: str = ""
    kubernetes: str = ""


class Welcome(msgspec.Struct, tag="welcome", frozen=True, kw_only=True):
    """The agent is known. It is `approved` when a cluster is spoken to through it; else it waits."""

    agent: UUID
    approved: bool
    epoch: int
    cluster: str = ""


class Refusal(msgspec.Struct, tag="refusal", frozen=True, kw_only=True):
    """The agent is sent away: why, and the cure. After `retry_after` seconds it may come again; None: it need not."""

    code: Code
    detail: str
    cure: str = ""
    retry_after: float | None = None


class Access(msgspec.Struct, tag="access", frozen=True, kw_only=True):
    """How the cluster is spoken to from where the agent is: address, whom to trust, and the agent's own token."""

    server: str
    token: str
    ca: str | None = None
    tls_server_name: str | None = None


class Rotation(msgspec.Struct, tag="rotation", frozen=True, kw_only=True):
    """The agent's next key, and its signature of the challenge."""

    public: bytes
    signature: bytes


class Rotated(msgspec.Struct, tag="rotated", frozen=True, kw_only=True):
    """The hub takes this key too from now on, and no other once it was used."""

    public: bytes


Word = Greeting | Challenge | Hello | Welcome | Refusal | Access | Rotation | Rotated

_decoder: msgspec.json.Decoder[Word] = msgspec.json.Decoder(Word)


def said(word: Word) -> bytes:
    """A word as it goes through the tunnel."""
    return msgspec.json.encode(word)


def heard(message: bytes) -> Word:
    """A word that came through the tunnel; raises Broken."""
    try:
        return _decoder.decode(message)
    except msgspec.MsgspecError as error:
        raise Broken(f"words that are none: {error}") from error


def apart(hub: str, agent: str) -> str:
    """Why two versions do not go together, or nothing if they do."""
    ours, theirs = _numbers(hub), _numbers(agent)
    if ours is None or theirs is None:
        return f"the version {agent!r} is none"
    if ours[0] == theirs[0] and abs(ours[1] - theirs[1]) <= APART:
        return ""
    older, newer = ("agent", "hub") if theirs < ours else ("hub", "agent")
    return f"the {older} is too old for the {newer}: agent {agent}, hub {hub}, at most {APART} minor versions apart"


def _numbers(version: str) -> tuple[int, int] | None:
    parts = version.split(".")
    if len(parts) < 2 or not (parts[0].isdecimal() and parts[1].isdecimal()):
        return None
    return int(parts[0]), int(parts[1])
