"""Plain HTTP on loopback over a fleet: /clusters/NAME/…, where NAME may be `all`; JSON in and out, a bearer token."""

from __future__ import annotations

import hmac
import inspect
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import msgspec
from aiohttp import web

from basefly.sim.cluster import Cluster
from basefly.sim.control.acts import ACTS, Act, Wrong
from basefly.sim.control.state import State
from basefly.sim.faults import Effect, Fault
from basefly.sim.fleet import Fleet

ALL = "all"


@asynccontextmanager
async def control(fleet: Fleet, *, port: int = 0) -> AsyncIterator[State]:
    """Listen while the block runs; yields where, and the token to show."""
    token = secrets.token_hex(16)
    app = web.Application(middlewares=[_guard(token)])
    app.router.add_get("/clusters", partial(_answer, fleet, ACTS[0]))
    for act in ACTS:
        app.router.add_route(act.method, f"/clusters/{{cluster}}{act.path}", partial(_answer, fleet, act))
    runner = web.AppRunner(app)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", port)
        await site.start()
        yield State(port=runner.addresses[0][1], token=token)
    finally:
        await runner.cleanup()


def _guard(token: str) -> Any:
    """Whoever shows no token is refused; what goes wrong is told with its cure."""

    @web.middleware
    async def guard(
        request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        shown = request.headers.get("Authorization", "")
        if not hmac.compare_digest(shown.encode(), f"Bearer {token}".encode()):
            return _wrong(Wrong(401, "show the token of the state file: Authorization: Bearer TOKEN"))
        try:
            return await handler(request)
        except Wrong as wrong:
            return _wrong(wrong)
        except (web.HTTPNotFound, web.HTTPMethodNotAllowed) as missing:
            paths = [f"{act.method} /clusters/NAME{act.path}" for act in ACTS]
            return _wrong(Wrong(missing.status, f"there is no {request.method} {request.path}", paths))

    return guard


async def _answer(fleet: Fleet, act: Act, request: web.Request) -> web.Response:
    """Do an act to each cluster that the path names; the answer holds what came of it by the cluster's name."""
    asked = await _asked(act, request)
    chosen = _chosen(fleet, request.match_info.get("cluster", ALL))
    told: dict[str, Any] = {}
    for cluster in chosen:
        done = act.does(cluster, asked)
        told[cluster.name] = await done if inspect.isawaitable(done) else done
    return web.Response(body=msgspec.json.encode(told), content_type="application/json")


async def _asked(act: Act, request: web.Request) -> Any:
    given: Any = dict(request.query) | {key: value for key, value in request.match_info.items() if key != "cluster"}
    try:
        if text := await request.read():
            given = msgspec.json.decode(text)
        return msgspec.convert(given, act.takes, strict=False)
    except msgspec.MsgspecError as error:
        fields = ", ".join(act.takes.__struct_fields__) or "nothing"
        effects = [effect.value for effect in Effect] if act.takes is Fault else []
        raise Wrong(400, f"{error}; what may be given: {fields}", effects) from None


def _chosen(fleet: Fleet, name: str) -> list[Cluster]:
    chosen = [cluster for cluster in fleet.clusters if name in (ALL, cluster.name)]
    if not chosen:
        raise Wrong(404, f"there is no cluster {name!r}", [ALL, *(cluster.name for cluster in fleet.clusters)])
    return chosen


def _wrong(wrong: Wrong) -> web.Response:
    return web.json_response({"error": wrong.message, "choices": wrong.choices}, status=wrong.status)
