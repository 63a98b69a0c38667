"""Make, resume and end streams; needs audit:write, for whoever sends records away decides who reads them."""

from __future__ import annotations

import secrets
from uuid import UUID, uuid4

from basefly.base.db.transaction import Tx
from basefly.base.errors import Conflict, NotFound, Unavailable
from basefly.base.principal import Principal
from basefly.core.audit.actions import record
from basefly.core.audit.forwarding import model, store
from basefly.core.audit.forwarding.model import Kind, NewStream, Stream
from basefly.core.audit.model import READ, WRITE


def purpose(stream_id: UUID) -> str:
    """The place of a stream's secret in the vault."""
    return f"audit_streams/secret/{stream_id}"


async def streams(tx: Tx, by: Principal) -> list[Stream]:
    """Every stream, with how far behind it is; needs audit:read."""
    by.require(READ)
    return await store.page(tx)


async def create(tx: Tx, by: Principal, name: str, kind: Kind, address: str) -> NewStream:
    """Send records on from now. Raises Invalid for what was given, Conflict for a name that is taken."""
    by.require(WRITE)
    name, address = model.name(name), model.address(kind, address)
    stream_id, secret = uuid4(), secrets.token_urlsafe(32) if kind == "webhook" else ""
    sealed = None
    if secret:
        if tx.sealer is None:
            raise Unavailable("There is no vault to keep the stream's secret.")
        sealed = await tx.sealer.seal(tx, secret.encode(), purpose=purpose(stream_id))
    if not await store.insert(tx, stream_id, name, kind, address, secret=sealed):
        raise Conflict(f"There is a stream called {name!r}.", cure="Take another name.")
    await record(tx, by, "audit.stream_created", f"audit/streams/{stream_id}", {"name": name, "to": address})
    return NewStream(stream=await _find(tx, stream_id), secret=secret)


async def resume(tx: Tx, by: Principal, stream_id: UUID) -> Stream:
    """Let a stream that stands still go on from where it stands."""
    by.require(WRITE)
    stream = await _find(tx, stream_id)
    await store.resume(tx, stream_id)
    await record(tx, by, "audit.stream_resumed", f"audit/streams/{stream_id}", {"name": stream.name})
    return await _find(tx, stream_id)


async def delete(tx: Tx, by: Principal, stream_id: UUID) -> None:
    """End a stream."""
    by.require(WRITE)
    stream = await _find(tx, stream_id)
    await store.delete(tx, stream_id)
    await record(tx, by, "audit.stream_deleted", f"audit/streams/{stream_id}", {"name": stream.name})


async def _find(tx: Tx, stream_id: UUID) -> Stream:
    found = await store.get(tx, stream_id)
    if found is None:
        raise NotFound("There is no such stream.", cure="Look at the list of streams.")
    return found
