"""Is the hub alive, can it work, and how much of what does it do: for load balancers and Prometheus."""

from __future__ import annotations

import asyncio

import msgspec
from litestar import Response

from basefly.base.errors import Unavailable
from basefly.base.runtime.house import House
from basefly.base.telemetry.metrics import CONTENT_TYPE_LATEST, Gauge, exposition
from basefly.base.web.routing import PUBLIC, SIGNED_IN, get

_PATIENCE = 3.0  # seconds; a database that takes longer is as good as gone

_CONNECTIONS = Gauge("basefly_database_connections", "Connections of the pool, by state", ["state"])


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


@get("/metrics", permission=SIGNED_IN, include_in_schema=False)
async def metrics(house: House) -> Response[bytes]:
    """Figures in Prometheus' text format; a scraper sends an API token."""
    for state, value in house.db.load.items():
        _CONNECTIONS.labels(state).set(value)
    return Response(exposition(), media_type=CONTENT_TYPE_LATEST)
