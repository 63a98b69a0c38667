"""Streams as JSON."""

from __future__ import annotations

from uuid import UUID

import msgspec

from basefly.base.db.transaction import Tx
from basefly.base.principal import Principal
from basefly.base.web import Body, delete, get, post
from basefly.core.audit.forwarding import actions
from basefly.core.audit.forwarding.model import Kind, NewStream, Stream
from basefly.core.audit.model import READ, WRITE


class StreamBody(Body):
    """Where records are to go. A webhook is https://…, a syslog server tls://host:port or tcp://host:port."""

    name: str
    kind: Kind
    address: str


class Streams(msgspec.Struct, frozen=True):
    """Streams, by name."""

    items: list[Stream]


@get("/audit/streams", permission=READ, tags=["audit"], summary="List where records are sent")
async def list_streams(tx: Tx, by: Principal) -> Streams:
    """Each with how far behind it is, and what went wrong last."""
    return Streams(await actions.streams(tx, by))


@post("/audit/streams", permission=WRITE, tags=["audit"], summary="Send records on")
async def create_stream(tx: Tx, by: Principal, data: StreamBody) -> NewStream:
    """From now on, as they are chained. The secret that signs what a webhook gets is told this once."""
    return await actions.create(tx, by, data.name, data.kind, data.address)


@post("/audit/streams/{stream_id:uuid}/resumptions", permission=WRITE, tags=["audit"], summary="Let a stream go on")
async def resume_stream(tx: Tx, by: Principal, stream_id: UUID) -> Stream:
    """From where it stands: what it missed comes first."""
    return await actions.resume(tx, by, stream_id)


@delete("/audit/streams/{stream_id:uuid}", permission=WRITE, tags=["audit"], summary="End a stream")
async def delete_stream(tx: Tx, by: Principal, stream_id: UUID) -> None:
    """Nothing is sent any more, and its secret is gone."""
    await actions.delete(tx, by, stream_id)


HANDLERS = (list_streams, create_stream, resume_stream, delete_stream)
