"""However a right ends, it is gone from open streams within ten seconds: through two hubs on one database."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from basefly.app import create_app, furnished
from basefly.base.db.changes import Changes
from basefly.base.db.pool import Database
from basefly.base.db.secrets import Vault
from basefly.base.runtime.house import House
from basefly.base.settings import Settings
from basefly.base.web.boundary.recall import KEPT
from basefly.cli.server import configured
from tests.base.web.test_live import listening
from tests.core.access.people import given
from tests.people import Hub, Person, _Server

ENDS = ["grant revoked", "elevation withdrawn", "time is up", "taken out of the team", "role changed", "member removed"]


@pytest.fixture
async def second(hub: Hub, database_url: str, tmp_path: Path) -> AsyncIterator[Hub]:
    """Another hub beside the first, with nothing in common but the database."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        settings = Settings(data_dir=tmp_path, port=listener.getsockname()[1])
        database, changes = await Database.open(database_url, max_size=4), Changes(database_url)
        house = House(settings, database, changes, Vault.load(settings))
        async with furnished(house):
            server = _Server(configured(create_app(house)))
            serving = asyncio.create_task(server.serve(sockets=[listener]))
            while not server.started:
                await asyncio.sleep(0.01)
            yield Hub(house, settings.url)
            house.shutdown.begin()
            server.should_exit = True
            await serving
        await changes.close()
        await database.close()


@pytest.mark.parametrize("end", ENDS)
async def test_its_end_reaches_the_streams_of_another_hub(
    hub: Hub, second: Hub, owner: Person, viewer: Person, end: str
) -> None:
    act = await _hold(hub, owner, viewer, end)
    async with _elsewhere(second, viewer) as there, listening(there, "/live?topic=audit/*") as ear:
        await ear.event()
        assert (await there.http.get("/api/v1/audit")).status_code == 200
        await act()
        await asyncio.sleep(KEPT)
        assert (await there.http.get("/api/v1/audit")).status_code in (401, 403)
        async with asyncio.timeout(10 - KEPT):
            await ear.end()


@contextlib.asynccontextmanager
async def _elsewhere(second: Hub, person: Person) -> AsyncIterator[Person]:
    """The same person with the same session, at the other hub."""
    async with second.browser() as http:
        http.cookies.set("basefly", person.secret)
        yield Person(http, person.by, person.secret)


async def _hold(hub: Hub, owner: Person, viewer: Person, end: str) -> Callable[[], Awaitable[object]]:
    """Give the viewer the audit, in the way whose end is tested; what ends it."""
    if end in ("elevation withdrawn", "time is up"):
        return await _elevated(hub, owner, viewer, end)
    if end == "taken out of the team":
        team = (await owner.http.post("/api/v1/teams", json={"name": "SRE"})).json()["id"]
        await given(owner, team, "admin", kind="team")
        await owner.http.post(f"/api/v1/teams/{team}/members", json={"member": str(viewer.by.user_id)})
        return lambda: owner.http.delete(f"/api/v1/teams/{team}/members/{viewer.by.user_id}")
    if end == "role changed":
        body = {"name": "auditor", "permissions": ["audit:read"]}
        role = (await owner.http.post("/api/v1/roles", json=body)).json()["id"]
        await given(owner, viewer, role)
        return lambda: owner.http.patch(f"/api/v1/roles/{role}", json={"permissions": ["access:read"]})
    grant = (await given(owner, viewer, "admin"))["id"]
    if end == "member removed":
        return lambda: owner.http.delete(f"/api/v1/members/{viewer.by.user_id}")
    return lambda: owner.http.delete(f"/api/v1/grants/{grant}")


async def _elevated(hub: Hub, owner: Person, viewer: Person, end: str) -> Callable[[], Awaitable[object]]:
    body = {"role": "admin", "reason": "Incident 4711"}
    asked = (await viewer.http.post("/api/v1/elevations", json=body)).json()["id"]
    await owner.http.post(f"/api/v1/elevations/{asked}/approvals", json={})
    if end == "elevation withdrawn":
        return lambda: viewer.http.post(f"/api/v1/elevations/{asked}/withdrawals")

    async def wait() -> None:
        async with hub.house.db.transaction(viewer.by.org_id) as tx:
            await tx.execute("update grants set expires_at = now() + interval '1 s' where expires_at is not null")
        await asyncio.sleep(1.1)

    return wait
