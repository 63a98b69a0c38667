"""Small requests through the door, for what the hub asks in a person's name: answered whole, or streamed."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import h11
import msgspec

from basefly.base.errors import BaseflyError
from basefly.base.kube.errors import ApiError, ConnectError, Forbidden, api_error
from basefly.base.kube.relay.wire import Wire
from basefly.base.principal import Principal
from basefly.base.runtime.house import House
from basefly.core.gateway import door, paths
from basefly.core.gateway.door import Passage

ANSWER = 30.0  # s until a piece of an answer is there
MOST = 8 * 2**20  # bytes of an answer

_JSON = "application/json"


async def ask(
    house: House, by: Principal, cluster: str, request: tuple[str, str], *, body: Any = None, media: str = _JSON
) -> bytes:
    """Send a request (method and target) as this person, with a body if any; the answer's body.

    On record as every act is. Raises Denied, NotFound, ConnectError, or the ApiError that the cluster's answer means.
    """
    method, target = request
    passage = await door.enter(house, by, cluster, paths.parse(method, target))
    await door.began(house, passage)
    status = 0
    try:
        content = b"" if body is None else msgspec.json.encode(body)
        status, answer = await _exchanged(passage, method, target, content, media)
        if not 200 <= status < 300:
            raise refused(status, answer)
    except BaseflyError as error:
        await door.ended(house, passage, "failed", {"status": status, "code": error.code})
        raise
    await door.ended(house, passage, "done", {"status": status})
    return answer


async def get(house: House, by: Principal, cluster: str, target: str) -> Any:
    """What is at a path, decoded. Raises as `ask` does."""
    return msgspec.json.decode(await ask(house, by, cluster, ("GET", target)))


class NotLet(Forbidden):
    """The cluster's own RBAC does not let this person do it."""

    advice = (
        "An administrator of the cluster says what the hub's groups may: basefly kubeconfig-manifest prints a start."
    )


@asynccontextmanager
async def streamed(house: House, by: Principal, cluster: str, target: str) -> AsyncIterator[AsyncIterator[bytes]]:
    """The pieces of an answer to GET as they come, for as long as they come.

    Raises as `ask` does; OSError when the stream breaks.
    """
    passage = await door.enter(house, by, cluster, paths.parse("GET", target))
    wire = await passage.begin(b"GET", target.encode(), [(b"Accept", b"*/*"), (b"User-Agent", b"basefly")])
    try:
        await wire.send(h11.EndOfMessage())
        status = await head_of(wire, None if passage.act.lasting else ANSWER)
        if not 200 <= status < 300:
            raise refused(status, await whole(wire))
        yield _pieces(wire)
    except h11.ProtocolError as error:
        raise ConnectionResetError(str(error)) from error
    finally:
        wire.close()


async def _exchanged(passage: Passage, method: str, target: str, body: bytes, media: str) -> tuple[int, bytes]:
    headers = [(b"Accept", _JSON.encode()), (b"User-Agent", b"basefly")]
    if body:
        headers += [(b"Content-Type", media.encode()), (b"Content-Length", str(len(body)).encode())]
    wire = await passage.begin(method.encode(), target.encode(), headers)
    try:
        if body:
            await wire.send(h11.Data(data=body))
        await wire.send(h11.EndOfMessage())
        answer = await head_of(wire, ANSWER), await whole(wire)
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


def refused(status: int, answer: bytes) -> ApiError:
    """What the cluster's answer means to the person in whose name it was asked."""
    error = api_error(status, answer)
    return NotLet(error.http_status, error.reason, error.message) if isinstance(error, Forbidden) else error


async def head_of(wire: Wire, within: float | None, *, switching: bool = False) -> int:
    """The status of the answer; with `switching` it may be 101, after which there is no HTTP any more."""
    event = await wire.next(within)
    while isinstance(event, h11.InformationalResponse) and not (switching and event.status_code == 101):
        event = await wire.next(within)
    if not isinstance(event, h11.Response | h11.InformationalResponse):
        raise ConnectionResetError("it closed the connection without an answer")
    return event.status_code


async def whole(wire: Wire) -> bytes:
    """The body of the answer."""
    pieces, size = list[bytes](), 0
    async for piece in _pieces(wire, ANSWER):
        size += len(piece)
        if size > MOST:
            raise ConnectionResetError(f"its answer has more than {MOST // 2**20} MiB")
        pieces.append(piece)
    return b"".join(pieces)


async def _pieces(wire: Wire, within: float | None = None) -> AsyncIterator[bytes]:
    while isinstance(event := await wire.next(within), h11.Data):
        yield bytes(event.data)
    if not isinstance(event, h11.EndOfMessage):
        raise ConnectionResetError("it closed the connection in the middle of its answer")
