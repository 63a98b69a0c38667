"""Runs the hub: its database if it has none, the house, the web, and an orderly end."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager, suppress
from typing import Any

import structlog
import uvicorn
import uvloop

from basefly.app import create_app, start
from basefly.base import keys
from basefly.base.db import logins
from basefly.base.db.changes import Changes
from basefly.base.db.embedded import Embedded
from basefly.base.db.pool import Database
from basefly.base.db.secrets import Vault, rotate
from basefly.base.errors import BaseflyError
from basefly.base.runtime import garbage
from basefly.base.runtime.house import House
from basefly.base.settings import ROLES, Settings, SettingsError, load
from basefly.base.telemetry import logs
from basefly.base.web.boundary import arrival
from basefly.base.web.server import Hub
from basefly.cli import terminal
from basefly.cli.audit import verifying
from basefly.cli.exits import Exit, Failure
from basefly.core.access import setup
from basefly.core.access.store import get_organization_ids
from basefly.core.audit.offline import verify_all
from basefly.core.identity.mail import links

Source = Callable[[Settings], AbstractAsyncContextManager[logins.Logins]]

MOST_MESSAGE = 1024 * 1024  # bytes of a WebSocket's message; what is pasted into a terminal comes in pieces
GRACE = 5  # seconds that open requests get at the end

log = structlog.get_logger("basefly")


def up(overrides: Mapping[str, str]) -> None:
    """Run the whole hub with the settings of the environment, and these on top. Raises Failure when it cannot start."""
    _start({**os.environ, **overrides, "BASEFLY_ROLE": ",".join(ROLES)}, _database)


def apart(overrides: Mapping[str, str]) -> None:
    """Run some roles of a hub in this process, over a database that others share. Raises Failure when it cannot."""
    environment = {**os.environ, **overrides}
    if not environment.get("BASEFLY_ROLE"):
        roles = "\n".join(f"  {role:<8} {what}" for role, what in ROLES.items())
        raise Failure("It was not said what this process is to do.", cure=f"Give --role once or more:\n{roles}")
    _start(environment, _shared)


def _start(environment: Mapping[str, str], database: Source) -> None:
    try:
        serve(load(environment), database)
    except SettingsError as error:
        raise Failure(str(error)) from None


def reset_link(email: str, overrides: Mapping[str, str]) -> None:
    """Print a link that sets someone's password anew, made in the database of the hub that runs here."""
    try:
        link = asyncio.run(_reset_link(load({**os.environ, **overrides}), email))
    except SettingsError as error:
        raise Failure(str(error)) from None
    if link is None:
        raise Failure("Nobody has this e-mail address.", cure="Check it.", exit_code=Exit.NOT_FOUND)
    _say("Good once, for an hour; hand it over where nobody else reads it:")
    print(link)


async def _reset_link(settings: Settings, email: str) -> str | None:
    if settings.database_url:
        url = (await logins.resolve(settings.database_url, settings.owner_database_url)).application
    else:
        url = Embedded.running_url(settings)
    db = await Database.open(url, max_size=2)
    try:
        return await links.operator_reset(House(settings, db, Changes(url), Vault.load(settings)), email)
    finally:
        await db.close()


def rotate_key(overrides: Mapping[str, str]) -> None:
    """Replace the master key; the hub must be stopped. Raises Failure when it cannot be done."""
    try:
        asyncio.run(_rotate_key(load({**os.environ, **overrides})))
    except (SettingsError, BaseflyError) as error:
        raise Failure(str(error)) from None


async def _rotate_key(settings: Settings) -> None:
    async with _database(settings) as (_, app_url):
        db = await Database.open(app_url, max_size=2)
        try:
            async with db.transaction() as tx:
                organizations = await get_organization_ids(tx)
            async for step in rotate(settings, db, organizations):
                _say(step)
        finally:
            await db.close()


def serve(settings: Settings, database: Source | None = None) -> None:
    """Run until SIGINT or SIGTERM. Raises SettingsError, with the cure, when the hub cannot start.

    `database` is where the database comes from; without it, it is the embedded one unless the settings name another.
    """
    logs.configure(settings)
    garbage.settle()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner, suppress(asyncio.CancelledError):
        runner.get_loop().set_exception_handler(logs.of_loop)
        runner.run(run(settings, database or _database))


async def run(settings: Settings, database: Source) -> None:
    """The process's whole life, from taking its port to letting it go; a signal before it serves cancels it."""
    life = asyncio.current_task()
    if life:
        _on_signal(life.cancel)
    with _listener(settings) as listener:
        _try_gateway(settings)
        tidying = asyncio.create_task(garbage.tidy(), name="tidying of memory")
        async with database(settings) as (owner_url, app_url), start(settings, owner_url, app_url) as house:
            await _greet(house, listener)
            await _answer(house, listener)
        tidying.cancel()
    log.info("stopped")


def verify_audit(*, as_json: bool) -> None:
    """Verify every organization's record in the database itself. Raises Failure for what is not as it was written."""
    try:
        settings = load()
        verdicts = asyncio.run(_verified(settings))
    except SettingsError as error:
        raise Failure(str(error)) from None
    for name, verdict in sorted(verdicts.items(), key=lambda pair: not pair[1]["ok"]):
        terminal.note(name)
        verifying.tell(verdict, as_json=as_json)


def rotate_audit_key() -> None:
    """Replace the key that signs checkpoints. Raises Failure when it is not ours to replace."""
    try:
        keys.rotate(load())
    except SettingsError as error:
        raise Failure(str(error)) from None
    terminal.say("Checkpoints are signed with a new key from now on. Keep the new audit.key in your backup.")


async def _verified(settings: Settings) -> dict[str, dict[str, Any]]:
    async with _database(settings) as (_, app_url):
        return await verify_all(settings, app_url)


def _listener(settings: Settings) -> socket.socket:
    """The port, taken first: whoever starts the hub twice hears of it before anything is touched."""
    if "web" in settings.role:
        return _bound(settings.host, settings.port, "BASEFLY_PORT")
    return _bound(settings.host, settings.health_port, "BASEFLY_HEALTH_PORT")


def _try_gateway(settings: Settings) -> None:
    """The gateway takes its port itself, once it has its certificate; that it is taken is said before."""
    if "gateway" in settings.role:
        _bound(*settings.gateway, "BASEFLY_GATEWAY_PORT").close()


def _bound(host: str, port: int, name: str) -> socket.socket:
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise SettingsError(
            f"The hub cannot listen at {host}:{port}: {error.strerror}.\n"
            f"Is another hub running? Set {name} (or BASEFLY_HOST) to something else."
        ) from error
    return listener


@asynccontextmanager
async def _database(settings: Settings) -> AsyncIterator[logins.Logins]:
    """Who migrates and who runs: of the given database, or of one that lives as long as we do."""
    if settings.database_url:
        yield await logins.resolve(settings.database_url, settings.owner_database_url)
        return
    embedded = await asyncio.to_thread(Embedded.start, settings, say=_say)
    try:
        yield logins.Logins(embedded.owner_url, embedded.app_url)
    finally:
        await asyncio.to_thread(embedded.stop)


@asynccontextmanager
async def _shared(settings: Settings) -> AsyncIterator[logins.Logins]:
    """Who migrates and who runs: of the given database, or of the one that `basefly up` runs in this data folder."""
    if settings.database_url:
        yield await logins.resolve(settings.database_url, settings.owner_database_url)
        return
    try:
        url = Embedded.running_url(settings)
        await (await logins.connect(url)).close()
    except SettingsError as error:
        raise SettingsError(
            f"There is no database for this process: no hub runs with the data folder {settings.data_dir}.\n"
            "Name a PostgreSQL in BASEFLY_DATABASE_URL, or start `basefly up` with this folder first."
        ) from error
    yield logins.Logins(None, url)


async def _greet(house: House, listener: socket.socket) -> None:
    """Say where the hub is and how to come in; or, of a process without pages, how to see how it is."""
    settings = house.settings
    if "web" not in settings.role:
        host, port = listener.getsockname()[:2]
        _say(f"Runs as {', '.join(settings.role)}; how it is: http://{host}:{port}/health/ready")
        return
    link = await setup.link(house.db, settings)
    _say(f"Basefly is at {settings.url}")
    if link:
        _say(f"Make the first account here, once, within {setup.LIFETIME.days} days:\n\n    {link}\n")
        _say("Or in a terminal: basefly setup")
    else:
        _say(f"Sign in at {settings.url}/sign-in, or in a terminal: basefly login")


async def _answer(house: House, listener: socket.socket) -> None:
    """Serve until a signal asks for the end; streams end at once, other requests within GRACE seconds."""
    await _Server(configured(create_app(house)), house).serve(sockets=[listener])


def configured(app: Hub) -> uvicorn.Config:
    """How the hub speaks HTTP: it logs and counts itself, and judges itself which proxy it believes."""
    return uvicorn.Config(
        app,
        http=arrival.Protocol,
        ws="websockets-sansio",
        ws_max_size=MOST_MESSAGE,
        ws_per_message_deflate=False,
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=GRACE,
    )


class _Server(uvicorn.Server):
    """Ends in our order. uvicorn's own way raises the signal again once it is done, which would kill the rest of us."""

    def __init__(self, config: uvicorn.Config, house: House) -> None:
        super().__init__(config)
        self._house = house

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """While we serve, a signal ends serving; while we close what is left, another one changes nothing."""
        _on_signal(self._end)
        try:
            yield
        finally:
            _on_signal(lambda: None)

    def _end(self) -> None:
        self._house.shutdown.begin()
        self.should_exit = True


def _on_signal(act: Callable[[], object]) -> None:
    """What SIGINT and SIGTERM do from now on."""
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, act)


def _say(text: str) -> None:
    """To whoever started us; the log is for machines."""
    print(text, file=sys.stderr, flush=True)
