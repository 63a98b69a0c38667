"""An owner who may, a viewer who may only look, and a stranger of another organization: at a real hub over HTTP."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from uuid import UUID, uuid4

import httpx
import msgspec
import pytest
import uvicorn
from argon2 import PasswordHasher

from basefly.app import create_app, furnished
from basefly.base.db.changes import Changes
from basefly.base.db.pool import Database
from basefly.base.db.secrets import Vault
from basefly.base.principal import Grant, Principal
from basefly.base.runtime.house import House
from basefly.base.settings import Settings
from basefly.base.slice import Permissions
from basefly.cli.server import configured
from basefly.core.access import store as organizations
from basefly.core.access.model import Role, permissions_of
from basefly.core.identity import actions as identity
from basefly.core.identity import signing
from basefly.core.identity.model import Origin

# A test asks more in a second than a person in a minute; those of the limits set their own.
UNLIMITED: dict[str, int] = dict.fromkeys(
    ("rate_read", "rate_write", "rate_expensive", "rate_gateway", "rate_sign_in"), 1_000_000
)
OPERATOR = "the-operators-own-token-of-metrics"
PASSWORD = "seven herons at the quay"
# httpx would read every root certificate for each client, and ours speak plain HTTP.
_NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


@dataclass(frozen=True)
class Person:
    """Someone with a browser: `http` carries their session, `by` is who they are to our actions."""

    http: httpx.AsyncClient
    by: Principal
    secret: str

    def bearer(self, token: str) -> dict[str, str]:
        """The header of an API token."""
        return {"Authorization": f"Bearer {token}"}


@dataclass(frozen=True)
class Hub:
    """A hub that answers on a port of its own, without controllers."""

    house: House
    url: str

    def browser(self) -> httpx.AsyncClient:
        """A client without any session; it must be closed."""
        return httpx.AsyncClient(base_url=self.url, timeout=30, verify=_NO_TLS)

    async def metrics(self) -> str:
        """What the operator's scraper reads."""
        async with self.browser() as http:
            answer = await http.get("/metrics", headers={"Authorization": f"Bearer {OPERATOR}"})
        assert answer.status_code == 200, answer.text
        return answer.text


class _Server(uvicorn.Server):
    """Leaves the signals to pytest."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@pytest.fixture
async def house(db: Database, database_url: str, tmp_path: Path, port: int) -> AsyncIterator[House]:
    """A furnished house on a fresh database."""
    settings = msgspec.structs.replace(Settings(data_dir=tmp_path, port=port, metrics_token=OPERATOR), **UNLIMITED)
    changes = Changes(database_url)
    vault = Vault.load(settings)
    await vault.check(db)
    house = House(settings, db, changes, vault)
    async with furnished(house):
        yield house
    await changes.close()


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    """A port that nobody else has."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        yield listener


@pytest.fixture
def port(listener: socket.socket) -> int:
    """The number of that port."""
    number: int = listener.getsockname()[1]
    return number


@pytest.fixture
async def hub(house: House, listener: socket.socket) -> AsyncIterator[Hub]:
    """The whole application, answering over TCP."""
    server = _Server(configured(create_app(house)))
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    while not server.started:
        await asyncio.sleep(0.01)
        if serving.done():
            serving.result()
    yield Hub(house, house.settings.url)
    house.shutdown.begin()
    server.should_exit = True
    await serving


@pytest.fixture
async def owner(hub: Hub) -> AsyncIterator[Person]:
    """Mia of Acme, who may everything."""
    async with join(hub, "mia", "owner", await found(hub, "Acme")) as person:
        yield person


@pytest.fixture
async def viewer(hub: Hub, owner: Person) -> AsyncIterator[Person]:
    """Vic of Acme, who may only look."""
    async with join(hub, "vic", "viewer", owner.by.org_id) as person:
        yield person


@pytest.fixture
async def stranger(hub: Hub) -> AsyncIterator[Person]:
    """Sam, who owns another organization, and must see nothing of Acme."""
    async with join(hub, "sam", "owner", await found(hub, "Umbrella")) as person:
        yield person


async def found(hub: Hub, name: str) -> UUID:
    """A new organization."""
    org_id = uuid4()
    async with hub.house.db.transaction(org_id) as tx:
        await organizations.insert_organization(tx, name)
    return org_id


@contextlib.asynccontextmanager
async def join(hub: Hub, name: str, role: Role, org_id: UUID) -> AsyncIterator[Person]:
    """A new member, signed in."""
    async with hub.house.db.transaction(org_id) as tx:
        user = await identity.create_user(
            tx, org_id, email=f"{name}@example.com", name=name.title(), password_hash=_hash()
        )
        await organizations.insert_member(tx, user.id, role)
        secret = await signing.open_session(hub.house, tx, user, Origin("127.0.0.1", "test"))
    by = Principal(
        user_id=user.id,
        org_id=org_id,
        name=user.name,
        email=user.email,
        grants=(Grant(permissions_of(role, hub.house.get(Permissions))),),
    )
    async with hub.browser() as http:
        http.cookies.set("basefly", secret.reveal(), domain="127.0.0.1")  # as the hub itself would
        yield Person(http, by, secret.reveal())


@cache
def _hash() -> str:
    """Cheaper than the hub's own, which therefore renews it at the first sign-in."""
    return PasswordHasher(memory_cost=64, time_cost=1, parallelism=1).hash(PASSWORD)
