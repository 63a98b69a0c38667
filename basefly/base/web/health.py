"""Is the hub alive, can it work, and how much of what does it do: for load balancers and Prometheus."""

from __future__ import annotations

import asyncio
from hmac import compare_digest

import msgspec
from litestar import Response

from basefly.base.errors import Unauthenticated, Unavailable
from basefly.base.runtime.house import House
from basefly.base.telemetry.metrics import CONTENT_TYPE_LATEST, Gauge, exposition
from basefly.base.web.requests import Request
from basefly.base.web.routing import PUBLIC, get

_PATIENCE = 3.0  # seconds; a database that takes longer is as good as gone

_CONNECTIONS = Gauge(
    "basefly_database_connections",
    "Connections, by who they are for (people or the hub itself) and state",
    ["pool", "state"],
)


class Health(msgspec.Struct, frozen=True):
    """One word for a load balancer."""

    status: str


@get("/health/live", permission=PUBLIC, limit="none", tags=["health"], summary="Is the process alive?")
async def live() -> Health:
    """200 as long as the hub answers at all. Says nothing about what it depends on."""
    return Health("alive")


@get("/health/ready", permission=PUBLIC, limit="none", tags=["health"], summary="Can it serve?")
async def ready(house: House) -> Health:
    """200 when the database answers, 503 otherwise."""
    try:
        async with asyncio.timeout(_PATIENCE), house.db.transaction() as tx:
            await tx.value("select 1")
    except TimeoutError as error:
        raise Unavailable("The database does not answer in time.", cure="See `basefly doctor`.") from error
    return Health("ready")


@get("/metrics", permission=PUBLIC, limit="sign-in", include_in_schema=False)
async def metrics(request: Request, house: House) -> Response[bytes]:
    """Figures of the whole hub in Prometheus' text format, for its operator alone: they know no organization."""
    _operator(request, house.settings.metrics_token)
    for pool, load in house.loads.items():
        for state, value in load.items():
            _CONNECTIONS.labels(pool, state).set(value)
    return Response(exposition(), media_type=CONTENT_TYPE_LATEST)


def _operator(request: Request, token: str) -> None:
    """Raise Unauthenticated for whoever does not send the operator's token; without one that is everybody."""
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    if not token or scheme.lower() != "bearer" or not compare_digest(given.strip().encode(), token.encode()):
        raise Unauthenticated(
            "Metrics are for the hub's operator.",
            cure="Set BASEFLY_METRICS_TOKEN, and send it as `Authorization: Bearer …`.",
        )
