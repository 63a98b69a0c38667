"""The first words with an agent: the hub proves itself, the agent does, and it is let in, made to wait, or refused."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import msgspec

from basefly import __version__
from basefly.base.db.transaction import Tx
from basefly.base.runtime.house import House
from basefly.base.tunnel.identity import AGENT, fingerprint, signed
from basefly.base.tunnel.talk import Talk
from basefly.base.tunnel.words import Code, Greeting, Hello, Refusal, Welcome, apart
from basefly.core.agents import keys, store
from basefly.core.agents.model import Row, wait
from basefly.core.audit.actions import record
from basefly.core.identity import model as secrets

_CURES = {
    "unknown": "Make a new token at the hub, and give it to the agent; its old key is no longer of use.",
    "token": "Tokens are good once and for a short while: make a new one at the hub.",
    "version": "Upgrade the older of the two.",
    "refused": "Whoever refused it knows why; with a new token it can be asked for again.",
    "revoked": "Make a new token at the hub if the cluster is to be connected again.",
}


class NotLetIn(Exception):
    """The agent is refused."""

    def __init__(self, code: Code, detail: str, retry_after: float | None = None) -> None:
        super().__init__(detail)
        self.refusal = Refusal(code=code, detail=detail, cure=_CURES.get(code, ""), retry_after=retry_after)


class LetIn(msgspec.Struct, frozen=True):
    """An agent that was let in: who, in which session, and what it signed, so that it may sign more."""

    org_id: UUID
    agent: Row
    epoch: int
    nonce: bytes


async def shake(house: House, talk: Talk, holder: str, address: str) -> LetIn:
    """Let an agent in. Raises NotLetIn, and what a talk raises."""
    greeting = await talk.hear(Greeting)
    key, nonce = await keys.prove(house, talk, greeting)
    speaking = "" if keys.common(greeting) else "they speak no common protocol"
    if why := apart(__version__, greeting.version) or speaking:
        raise NotLetIn("version", f"Hub and agent do not go together: {why}.", 3600.0)
    hello = await talk.hear(Hello)
    if key is None or not signed(hello.public, AGENT, nonce, hello.signature):
        raise NotLetIn("unknown", "This hub does not know this agent.", 600.0)
    async with house.db.transaction(greeting.organization) as tx:
        found = await store.lock_by_key(tx, hello.public) or await _enrol(tx, greeting, hello)
        _require_standing(found)
        await _require_patience(tx, found)
        values: dict[str, Any] = {"holder": holder, "version": greeting.version[:60], "address": address[:60]}
        values |= {"kubernetes": hello.kubernetes[:60], "public": hello.public}
        epoch = await store.begin_session(tx, found.id, values)
        if hello.public == found.next_public:
            await record(
                tx, None, "agent.key_rotated", f"agents/{found.id}", {"fingerprint": fingerprint(hello.public)}
            )
        await tx.notify(f"clusters/agents/{found.id}")
    talk.say(Welcome(agent=found.id, approved=found.state == "approved", epoch=epoch, cluster=found.cluster))
    return LetIn(greeting.organization, found, epoch, nonce)


async def _enrol(tx: Tx, greeting: Greeting, hello: Hello) -> Row:
    """A new agent by its token, which is used up. Whoever did not hear our answer comes again with the same key."""
    if not hello.token:
        raise NotLetIn("unknown", "This hub does not know this agent.", 600.0)
    token = await store.use_token(tx, secrets.fingerprint(hello.token))
    if token is None:
        raise NotLetIn("token", "The token is used, withdrawn, too old, or none of this hub's.", 600.0)
    values: dict[str, Any] = {"token_id": token.id, "public": hello.public, "version": greeting.version[:60]}
    values |= {"kubernetes": hello.kubernetes[:60], "identity": hello.identity[:100]}
    created = await store.insert(tx, values)
    told = {"token": str(token.id), "fingerprint": fingerprint(hello.public), "approval": token.approval}
    await record(tx, None, "agent.enrolled", f"agents/{created}", told)
    row = await store.get(tx, created)
    assert row is not None, "it was made a moment ago"  # noqa: S101  # for the type checker
    return row


def _require_standing(found: Row) -> None:
    if found.state == "refused":
        raise NotLetIn("refused", "This agent was refused by a person.", 3600.0)
    if found.state == "revoked":
        raise NotLetIn("revoked", "This agent was revoked, or another one has taken its place.", 3600.0)


async def _require_patience(tx: Tx, found: Row) -> None:
    """Keep those away for a while who come again and again."""
    left = wait(found.flaps) - await store.since_connected(tx, found.id)
    if left > 0:
        raise NotLetIn("busy", "This agent reconnects too often (429).", round(left, 1))
