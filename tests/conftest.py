"""A real PostgreSQL for every test that asks for one: one server a session, one fresh database a test."""

from __future__ import annotations

import asyncio
import fcntl
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote
from uuid import UUID, uuid4

import psycopg
import pytest
from hypothesis import settings

from basefly.base.db import logins, migrate
from basefly.base.db.pool import Database
from basefly.base.db.postmaster import PORT, Binaries, Postmaster
from basefly.core.lists import kept
from basefly.sim.access import rbac, users
from basefly.sim.access.users import User
from tests.holding import nobody_holds_two_connections  # noqa: F401  # fixtures
from tests.people import house, hub, listener, owner, port, stranger, viewer  # noqa: F401  # fixtures

settings.register_profile("basefly", deadline=None)  # no test fails because the machine is slow
settings.load_profile("basefly")

# Every xdist worker meets here; the folder is named after the process that leads the session and stops the server.
# In memory where there is room: a fresh database takes 20 ms there, and ten times that on a disk.
MEMORY = Path("/dev/shm")  # the folder below it is ours alone
ROOMY = MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > 2 * 2**30
SERVERS = (MEMORY if ROOMY else Path(tempfile.gettempdir())) / f"basefly-tests-{os.geteuid()}"
TEMPLATE = "basefly_template"
FAST = {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off", "max_connections": "300"}
# Set to /usr/lib/postgresql/15/bin, the suite runs on the oldest PostgreSQL that Basefly takes.
BINARIES = os.environ.get("BASEFLY_POSTGRES_BIN", "")


class Server(NamedTuple):
    """The session's PostgreSQL: connection strings by role and database."""

    sockets: Path

    def url(self, user: str, database: str) -> str:
        return f"postgresql://{user}@/{database}?host={quote(str(self.sockets), safe='')}&port={PORT}"


class Urls(NamedTuple):
    """One database, by who logs in."""

    superuser: str
    owner: str
    application: str


def pytest_unconfigure(config: pytest.Config) -> None:
    """The leader of the session stops the server, and those that killed sessions left behind."""
    if hasattr(config, "workerinput"):
        return
    for home in SERVERS.glob("[0-9]*"):
        if int(home.name) == os.getpid() or not Path(f"/proc/{home.name}").exists():
            _postmaster(home).stop()
            shutil.rmtree(home, ignore_errors=True)


@pytest.fixture(autouse=True)
def every_answer_is_quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """A test that changes what it has read must see it, however busy the machine is."""
    monkeypatch.setattr(kept, "QUICK", 60.0)


@pytest.fixture(autouse=True)
def nobody_is_half_named(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Whoever asks a simulated cluster in someone's name says exactly one user and at least one group."""
    half: list[str] = []

    def seen(headers: Any) -> User | None:
        if any(name.lower().startswith("impersonate-") for name in headers):
            named, groups = headers.getall("Impersonate-User", []), headers.getall("Impersonate-Group", [])
            if len(named) != 1 or not named[0] or not groups:
                half.append(f"{named} {groups}")
        return users.impersonated(headers)

    monkeypatch.setattr(rbac, "impersonated", seen)
    yield
    assert half == [] or "tests/sim/" in request.node.nodeid  # the simulator's own tests try what a real server takes


@pytest.fixture(scope="session")
def postgres() -> Server:
    """The session's server with a migrated template; whoever needs it first starts it."""
    leader = os.getppid() if "PYTEST_XDIST_WORKER" in os.environ else os.getpid()
    home = SERVERS / str(leader)
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (home / "starting").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        postmaster = _postmaster(home)
        server = Server(postmaster.sockets)
        if not (home / "ready").exists():
            postmaster.ensure_data()
            postmaster.start()
            _make_template(server)
            (home / "ready").touch()
    return server


@pytest.fixture
def blank(postgres: Server) -> Iterator[Urls]:
    """A database without any table, owned by the owner role."""
    yield from _database(postgres, template="template0")


@pytest.fixture
def urls(postgres: Server) -> Iterator[Urls]:
    """A fresh, migrated database of this test's own, by who logs in."""
    yield from _database(postgres, template=TEMPLATE)


@pytest.fixture
def database_url(urls: Urls) -> str:
    """The application role's way into a fresh, migrated database."""
    return urls.application


@pytest.fixture
async def db(database_url: str) -> AsyncIterator[Database]:
    """A fresh, migrated database, open as the application role."""
    database = await Database.open(database_url, max_size=6)
    yield database
    await database.close()


@pytest.fixture
async def org(db: Database) -> UUID:
    """An organization."""
    return await _organization(db, "Acme")


@pytest.fixture
async def other_org(db: Database) -> UUID:
    """Another organization, whose rows nobody of the first may see."""
    return await _organization(db, "Umbrella")


async def _organization(db: Database, name: str) -> UUID:
    async with db.transaction() as tx:
        created = await tx.one(UUID, "insert into organizations (name) values (%s) returning id", [name])
    assert created is not None
    return created


def _postmaster(home: Path) -> Postmaster:
    binaries = Binaries.find(BINARIES)
    options = {**FAST, "io_method": "sync"} if binaries.major >= 18 else FAST  # workers would slow each new database
    return Postmaster(home, binaries, say=print, options=options)


def _make_template(server: Server) -> None:
    with psycopg.connect(server.url("postgres", "postgres"), autocommit=True) as connection:
        connection.execute(f"drop database if exists {TEMPLATE}")
        for role in (logins.OWNER, logins.APPLICATION):
            if not connection.execute("select 1 from pg_roles where rolname = %s", [role]).fetchone():
                connection.execute(f"create role {role} login")
        connection.execute(f"grant {logins.APPLICATION} to {logins.OWNER}")
        connection.execute(f"create database {TEMPLATE} owner {logins.OWNER}")
    asyncio.run(migrate.up(server.url(logins.OWNER, TEMPLATE)))


def _database(server: Server, template: str) -> Iterator[Urls]:
    name = f"test_{uuid4().hex[:12]}"
    with psycopg.connect(server.url("postgres", "postgres"), autocommit=True) as connection:
        connection.execute(f"create database {name} template {template} owner {logins.OWNER} strategy file_copy")
        yield Urls(*(server.url(user, name) for user in ("postgres", logins.OWNER, logins.APPLICATION)))
        connection.execute(f"drop database {name} with (force)")
