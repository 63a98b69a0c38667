"""The agent's life: dial the hub, prove itself, lead its streams to the API server; and again, for ever."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import os
import random
import ssl
import time
from typing import Final
from uuid import UUID

import msgspec
import structlog

from basefly import __version__
from basefly.agent.cluster import Cluster, ClusterError
from basefly.agent.config import Config
from basefly.agent.dialing import dial
from basefly.agent.keeping import Keeping, State, keeping
from basefly.base.secret import Secret
from basefly.base.tunnel.frames import Broken
from basefly.base.tunnel.identity import AGENT, HUB, NEXT, NONCE, Key, fingerprint, signed
from basefly.base.tunnel.talk import SentAway, Silence, Talk, talking
from basefly.base.tunnel.tunnel import Stream
from basefly.base.tunnel.websocket import Refused
from basefly.base.tunnel.words import (
    ENROLMENT,
    PROTOCOLS,
    Access,
    Challenge,
    Greeting,
    Hello,
    Rotated,
    Rotation,
    Welcome,
)

FIRST, LAST = 1.0, 15.0  # s: ceilings of the first pause and of every pause: a hub that is back has all within a minute
RARELY = 60.0  # s between attempts where another one is not likely to help
STEADY = 60.0  # s of a session after which the pauses begin anew
LONGEST = 600.0  # s that we stay away, whatever the hub says
QUEUE = 30.0  # s that we wait for our turn at a hub that many come to at once
TICK = 10.0  # s between looks at whether Kubernetes has renewed our token
ROTATE_AFTER = 30 * 86400  # s that a key is in use
_ORGANIZATION: Final = 16  # bytes of a token that name its organization

log = structlog.get_logger("basefly.agent")


class Stranger(Exception):
    """What answers at the hub's address is not our hub. Nothing was told to it."""


AWAY = (OSError, TimeoutError, Broken, ClusterError, Refused, SentAway, Stranger)


class Agent:
    """One agent. `connected` is whether the hub knows it now, `approved` whether it may use it."""

    def __init__(self, config: Config, kept: Keeping | None = None, *, rotate_after: float = ROTATE_AFTER) -> None:
        self._config = config
        self._cluster = Cluster(config)
        self._kept = kept or keeping(config.state, self._cluster)
        self._rotate_after = rotate_after
        self._proven = False
        self._spare = 0  # which of our keys is tried next
        self._keys = 1
        self._sent_away = False  # for good, unless there is a new token
        self.connected = self.approved = False
        self.fingerprint = ""

    async def run(self) -> None:
        """Until cancelled."""
        failures = 0
        while True:
            begun, wait = time.monotonic(), RARELY
            try:
                await self.session()
            except AWAY as error:
                wait = self._wait(error)
            except Exception:
                log.exception("the agent failed")
            finally:
                self.connected = False
            failures = 1 if time.monotonic() - begun > STEADY else failures + 1
            await asyncio.sleep(_pause(wait, failures))

    async def session(self) -> None:
        """Dial, and stay for as long as it lasts. Raises what ended it."""
        state = await self._state()
        socket = await dial(self._config)
        self._proven = False
        async with talking(socket, first=True, accept=self._serve, dead=self._config.dead) as talk:
            key, nonce = await self._prove(talk, state)
            welcome = await talk.hear(Welcome)
            self._welcomed(welcome)
            state = await self._promote(state, key)
            await self._stay(talk, state, nonce)

    async def _state(self) -> State:
        """Our keys; the first one is made, and kept, before anybody hears of it. So is one for a new token."""
        state, token = await self._kept.read(), await self._token()
        mark = hashlib.sha256(token.reveal().encode()).hexdigest() if token else ""
        if state.current and not (self._sent_away and mark not in ("", state.enrolled)):
            return state
        key, organization = Key.create(), _organization(token)
        state = State(organization=organization, current=key.secret.reveal(), enrolled=mark, since=int(time.time()))
        await self._kept.write(state)
        self._spare, self._sent_away = 0, False
        return state

    async def _token(self) -> Secret:
        return self._config.token or await self._kept.token()

    async def _prove(self, talk: Talk, state: State) -> tuple[Key, bytes]:
        """Make sure that this is our hub, and only then prove ourselves: the key that we used, and the hub's nonce."""
        nonce = os.urandom(NONCE)
        organization = UUID(state.organization)
        talk.say(Greeting(organization=organization, nonce=nonce, version=__version__, protocols=list(PROTOCOLS)))
        challenge = await talk.hear(Challenge, within=QUEUE)
        if not signed(self._config.hub_key, HUB, nonce, challenge.signature):
            raise Stranger("what answers there does not have the hub's key")
        keys = state.keys
        self._keys = len(keys)
        key = keys[self._spare % self._keys]
        self.fingerprint = fingerprint(key.public)
        token = (await self._token()).reveal()
        signature = key.sign(AGENT, challenge.nonce)
        talk.say(Hello(public=key.public, signature=signature, token=token))
        return key, challenge.nonce

    def _welcomed(self, welcome: Welcome) -> None:
        self._proven = self.connected = True
        if welcome.approved and not self.approved:
            log.info("connected", cluster=welcome.cluster, agent=str(welcome.agent))
        if not welcome.approved:
            log.info("waiting for approval at the hub", fingerprint=self.fingerprint)
        self.approved = welcome.approved

    async def _promote(self, state: State, key: Key) -> State:
        """The key that the hub has just taken is our first one from now on; the one before is kept, just in case."""
        self._spare = 0
        used = key.secret.reveal()
        if used == state.current:
            return state
        state = msgspec.structs.replace(
            state, current=used, next="" if used == state.next else state.next, previous=state.current,
            since=int(time.time()),
        )  # fmt: skip
        await self._kept.write(state)
        return state

    async def _stay(self, talk: Talk, state: State, nonce: bytes) -> None:
        told: Access | None = None
        renewed = False  # once a session at most: the hub lets the old key go when the next session begins by the new
        while True:
            access = self._cluster.access()
            if access != told:
                talk.say(access)
                told = access
            if self.approved and not renewed and time.time() - state.since >= self._rotate_after:
                state = await self._offer(talk, state, nonce)
            try:
                word: Welcome | Rotated = await talk.hear(Welcome, Rotated, within=TICK)
            except Silence:
                continue
            if isinstance(word, Welcome):
                self._welcomed(word)
            elif state.next and word.public == Key.read(state.next).public:
                state = await self._promote(state, Key.read(state.next))
                renewed = True

    async def _offer(self, talk: Talk, state: State, nonce: bytes) -> State:
        """Tell the hub our next key, once it lies where it is not forgotten."""
        if not state.next:
            state = msgspec.structs.replace(state, next=Key.create().secret.reveal())
            await self._kept.write(state)
        key = Key.read(state.next)
        talk.say(Rotation(public=key.public, signature=key.sign(NEXT, nonce)))
        return state

    async def _serve(self, stream: Stream) -> None:
        if not self._proven:
            stream.reset("the hub has not proved itself")
            return
        await self._cluster.serve(stream)

    def _wait(self, error: Exception) -> float:
        """Say what ended a session, and how long we must stay away at least."""
        if isinstance(error, SentAway):
            refusal = error.refusal
            self._sent_away = refusal.code in ("unknown", "token", "refused", "revoked")
            log.warning("the hub sends us away", code=refusal.code, why=refusal.detail, cure=refusal.cure)
            if refusal.code in ("unknown", "token") and (self._spare + 1) % self._keys:
                self._spare += 1  # a hub whose database was put back may know us by another of our keys
                return 0.0
            return RARELY if refusal.retry_after is None else min(refusal.retry_after, LONGEST)
        if isinstance(error, Refused):
            log.warning("the hub refuses", status=error.status, why=error.text)
            return error.retry_after
        if isinstance(error, Stranger | ssl.SSLCertVerificationError):
            log.error("this is not our hub; nothing was told to it", hub=self._config.hub, why=str(error))
            return RARELY
        log.info("the hub is away", why=str(error) or type(error).__name__)
        return 0.0


def _pause(wait: float, failures: int) -> float:
    """How long to stay away: as the hub has said, a little spread; else a random part of a ceiling that doubles."""
    if wait:
        return wait * random.uniform(1.0, 1.3)  # noqa: S311  # jitter is no secret
    return random.uniform(0, min(LAST, FIRST * 2 ** min(failures - 1, 10)))  # noqa: S311  # jitter is no secret


def _organization(token: Secret) -> str:
    """The organization that an enrolment token names. Raises ClusterError where there is none."""
    try:
        raw = base64.b64decode(token.reveal().removeprefix(ENROLMENT), b"-_", validate=True)
        return str(UUID(bytes=raw[:_ORGANIZATION]))
    except ValueError as error:
        raise ClusterError(
            "there is no proper enrolment token: make one at the hub, and give it in BASEFLY_AGENT_TOKEN, or in the "
            "Secret that the manifest makes"
        ) from error
