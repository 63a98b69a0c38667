"""One small request through the door, answered whole: for what the hub asks of a cluster in a person's name."""

from __future__ import annotations

from typing import Any

import h11
import msgspec

from basefly.base.errors import BaseflyError
from basefly.base.kube.errors import ConnectError, api_error
from basefly.base.kube.relay.wire import Wire
from basefly.base.principal import Principal
from basefly.base.runtime.house import House
from basefly.core.gateway import door, paths
from basefly.core.gateway.door import Passage

ANSWER = 30.0  # s, all of it
MOST = 8 * 2**20  # bytes of an answer


async def ask(house: House, by: Principal, cluster: str, request: tuple[str, str], *, body: Any, media: str) -> bytes:
    """Send a request (method and target) as this person; the answer's body.

    On record as every act is. Raises Denied, NotFound, ConnectError, or the ApiError that the cluster's answer means.
    """
    method, target = request
    passage = await door.enter(house, by, cluster, paths.parse(method, target))
    await door.began(house, passage)
    status = 0
    try:
        status, answer = await _exchanged(passage, method, target, msgspec.json.encode(body), media)
        if not 200 <= status < 300:
            raise api_error(status, answer)
    except BaseflyError as error:
        await door.ended(house, passage, "failed", {"status": status, "code": error.code})
        raise
    await door.ended(house, passage, "done", {"status": status})
    return answer


async def _exchanged(passage: Passage, method: str, target: str, body: bytes, media: str) -> tuple[int, bytes]:
    headers = [
        (b"Accept", b"application/json"),
        (b"Content-Type", media.encode()),
        (b"Content-Length", str(len(body)).encode()),
        (b"User-Agent", b"basefly"),
    ]
    wire = await passage.begin(method.encode(), target.encode(), headers)
    try:
        await wire.send(h11.Data(data=body))
        await wire.send(h11.EndOfMessage())
        answer = await _answer(wire)
    except TimeoutError as error:
        wire.close()
        raise ConnectError("timeout", passage.upstream.server, why="it sent no answer") from error
    except (OSError, h11.ProtocolError) as error:
        wire.close()
        raise ConnectError("dropped", passage.upstream.server, why=str(error)) from error
    except BaseException:
        wire.close()
        raise
    passage.upstream.done(wire)
    return answer


async def _answer(wire: Wire) -> tuple[int, bytes]:
    event = await wire.next(ANSWER)
    while isinstance(event, h11.InformationalResponse):
        event = await wire.next(ANSWER)
    if not isinstance(event, h11.Response):
        raise ConnectionResetError("it closed the connection without an answer")
    status, pieces, size = event.status_code, list[bytes](), 0
    while isinstance(event := await wire.next(ANSWER), h11.Data):
        size += len(event.data)
        if size > MOST:
            raise ConnectionResetError(f"its answer has more than {MOST // 2**20} MiB")
        pieces.append(bytes(event.data))
    if not isinstance(event, h11.EndOfMessage):
        raise ConnectionResetError("it closed the connection in the middle of its answer")
    return status, b"".join(pieces)
