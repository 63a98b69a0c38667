"""Idempotency keys: what was asked for twice under one key of the client's happens once, and is answered alike.

The key is taken in a transaction of its own before the route runs. A route that changes things through the dependency
`tx` notes in that very transaction that it acted; the answer is kept, sealed, before it is sent. So whoever asks again
after a crash learns that it was done, or finds that nothing was.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import re
from typing import Any, cast

import msgspec
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from basefly.base.db.transaction import Tx
from basefly.base.errors import BaseflyError, Conflict, Invalid, Malformed
from basefly.base.principal import Principal
from basefly.base.runtime.house import House
from basefly.base.web.boundary import store
from basefly.base.web.boundary.store import Place
from basefly.base.web.requests import Request

HEADER = "idempotency-key"
_KEY = re.compile(r'"([\x20-\x21\x23-\x5b\x5d-\x7e]{1,255})"|([A-Za-z0-9._:~+/=-]{1,255})')
_CLAIM = "idempotency"  # under this name the request's state holds what it claimed
_KEPT_HEADERS = ("content-type", "location")


class Claim(msgspec.Struct, frozen=True):
    """A key that this request holds."""

    by: Principal
    place: Place


class Stored(msgspec.Struct, frozen=True):
    """An answer as it is kept."""

    status: int
    headers: dict[str, str]
    body: bytes


class Replayed(BaseflyError):
    """Not an error: the answer is there already."""

    code, status, title = "replayed", 200, "This was done before"

    def __init__(self, stored: Stored) -> None:
        super().__init__()
        self.stored = stored


async def claim(request: Request, by: Principal) -> None:
    """Take the key that a creating request carries. Raises Replayed with the answer, Conflict, Invalid or Malformed."""
    given = request.headers.get(HEADER)
    if given is None or request.method != "POST" or not request.url.path.startswith("/api/"):
        return
    place = Place(
        asker=f"{by.kind}/{by.user_id}",
        route=f"POST {request.url.path}"[:300],
        key=hashlib.sha256(_key(given).encode()).digest(),
    )
    fingerprint = await _fingerprint(request)
    async with request.house.db.transaction(by.org_id) as tx:
        kept = await store.claim(tx, place, fingerprint)
        if kept is not None:
            raise await _answer(request.house, tx, place, kept, fingerprint)
    request.state[_CLAIM] = Claim(by, place)


async def acted(request: Request, tx: Tx) -> None:
    """Note in the transaction of the act that it is done; called as it commits."""
    held: Claim | None = request.state.get(_CLAIM)
    if held and tx.org_id == held.by.org_id:
        await store.mark_acted(tx, held.place)


async def kept(app: ASGIApp, scope: Scope, receive: Receive, send: Send, house: House) -> None:
    """Run the application; the answer to a request that holds a key is kept before it is sent."""
    parts: list[Message] = []

    async def hold(message: Message) -> None:
        held: Claim | None = scope.get("state", {}).get(_CLAIM)
        if held is None:
            await send(message)
            return
        parts.append(message)
        if message["type"] == "http.response.body" and not message.get("more_body"):
            await _conclude(house, held, parts)
            for each in parts:
                await send(each)

    await app(scope, receive, hold)


async def _conclude(house: House, held: Claim, parts: list[Message]) -> None:
    """Keep an answer that tells of success; give the key back after any other."""
    status = int(cast("Any", parts[0])["status"])
    async with house.db.transaction(held.by.org_id) as tx:
        if not 200 <= status < 300:
            await store.release(tx, held.place)
            return
        headers = {k.decode().lower(): v.decode("latin-1") for k, v in cast("Any", parts[0])["headers"]}
        told = {name: headers[name] for name in _KEPT_HEADERS if name in headers}
        body = b"".join(cast("Any", part).get("body", b"") for part in parts[1:])
        sealed = await house.vault.seal(
            tx, msgspec.msgpack.encode(Stored(status, told, body)), purpose=_purpose(held.place)
        )
        await store.keep(tx, held.place, status, sealed)


async def _answer(house: House, tx: Tx, place: Place, kept: store.Kept, fingerprint: bytes) -> BaseflyError:
    """What to tell whoever comes with a key that is taken."""
    if kept.fingerprint != fingerprint:
        return Invalid(
            "This Idempotency-Key was used for another request.", cure="Take a new key for each new request."
        )
    if kept.state == "done" and kept.sealed is not None:
        opened = await house.vault.open(tx, kept.sealed, purpose=_purpose(place))
        return Replayed(msgspec.msgpack.decode(opened, type=Stored))
    if kept.state == "acted" and not kept.held:
        return Conflict("This was done, but its answer was lost.", cure="Look at the list of what there is.")
    return Conflict("The first request with this Idempotency-Key is still in hand.", cure="Try again.", retry_after=1)


async def _fingerprint(request: Request) -> bytes:
    """The same for requests that mean the same: whatever the order of names in a JSON body, and the space in it."""
    body = await request.body()
    with contextlib.suppress(ValueError, RecursionError):  # the route will say what is wrong with it
        body = json.dumps(json.loads(body), sort_keys=True, separators=(",", ":")).encode()
    query = request.scope["query_string"]
    return hashlib.sha256(len(query).to_bytes(8, "big") + query + body).digest()


def _key(given: str) -> str:
    found = _KEY.fullmatch(given.strip())
    if not found:
        raise Malformed(
            "The Idempotency-Key is none.", cure='Send 1 to 255 printable characters in quotes: "8e03978e-40d5".'
        )
    return found[1] or found[2]


def _purpose(place: Place) -> str:
    return f"idempotency_keys/sealed/{place.asker}/{place.route}/{place.key.hex()}"
