"""The hub's own PostgreSQL, for whoever has none: one folder, one socket, no network, no password to lose.

Whoever may enter the folder of the socket may also read the data files, so a password would lock nothing.
"""

from __future__ import annotations

import fcntl
import os
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg
import structlog

from basefly.base.db import logins
from basefly.base.db.postmaster import PORT, Binaries, Postmaster, Say
from basefly.base.settings import Settings, SettingsError

DATABASE = "basefly"
PULSE = 0.2  # seconds between two looks at the server
# What "contains this text", "has this label" and an order by a cell are made of. They tell nothing of the values they
# compare, and only functions that PostgreSQL knows to be so are asked before row-level security, that is, by an index.
LEAKPROOF = (
    "texticlike(text, text)",
    "jsonb_contains(jsonb, jsonb)",
    "jsonb_exists(jsonb, text)",
    "jsonb_object_field_text(jsonb, text)",
    "jsonb_object_field(jsonb, text)",
    "jsonb_eq(jsonb, jsonb)",
    "jsonb_lt(jsonb, jsonb)",
    "jsonb_gt(jsonb, jsonb)",
    "left(text, integer)",
)

log = structlog.get_logger(__name__)


class Embedded:
    """A running server. A thread watches it and starts it again when it dies."""

    def __init__(self, postmaster: Postmaster, lock: Any) -> None:
        self._postmaster = postmaster
        self._lock = lock
        self._stopping = threading.Event()
        self._watch = threading.Thread(target=self._keep_alive, name="postgres", daemon=True)

    @classmethod
    def start(cls, settings: Settings, *, say: Say | None = None, options: Mapping[str, str] | None = None) -> Embedded:
        """Start, or adopt what a killed hub left; returns when it accepts connections. Blocks: call it from a thread.

        `say` hears what takes long. `options` are settings of PostgreSQL's that differ from ours. Raises SettingsError,
        with the cure, if another hub uses the folder, the data is of another version, or the server does not start.
        """
        home = settings.data_dir / "postgres"
        settings.data_dir.mkdir(mode=0o711, parents=True, exist_ok=True)  # its account may pass, nobody look
        home.mkdir(mode=0o700, exist_ok=True)
        lock = _lock(settings.data_dir)
        try:
            binaries = Binaries.find(settings.postgres_bin)
            postmaster = Postmaster(home, binaries, say=say or _quietly, options=options)
            postmaster.ensure_data()
            postmaster.start()
            embedded = cls(postmaster, lock)
            _furnish(embedded.superuser_url("postgres"))
            trust(embedded.superuser_url())
        except BaseException:
            lock.close()
            raise
        embedded._watch.start()
        return embedded

    @staticmethod
    def running_url(settings: Settings) -> str:
        """Who runs the application, for a command beside a hub that runs; SettingsError when there has been none."""
        home = settings.data_dir / "postgres"
        if not (home / "postgres.log").exists():
            raise SettingsError(f"There is no hub in {settings.data_dir}.\nName its folder with BASEFLY_DATA_DIR.")
        return _url(Postmaster(home, Binaries.find(settings.postgres_bin), say=_quietly), logins.APPLICATION, DATABASE)

    @property
    def owner_url(self) -> str:
        """Who migrates."""
        return self._url(logins.OWNER, DATABASE)

    @property
    def app_url(self) -> str:
        """Who runs the application."""
        return self._url(logins.APPLICATION, DATABASE)

    def superuser_url(self, database: str = DATABASE) -> str:
        """Who may everything: backups and repairs."""
        return self._url("postgres", database)

    def stop(self) -> None:
        """Stop the server and let others have the folder. Safe to call twice."""
        self._stopping.set()
        if self._watch.is_alive():
            self._watch.join()
        self._postmaster.stop()
        self._lock.close()

    def _url(self, user: str, database: str) -> str:
        return _url(self._postmaster, user, database)

    def _keep_alive(self) -> None:
        wait = PULSE
        while not self._stopping.wait(wait):
            if self._postmaster.alive():
                wait = PULSE
                continue
            log.warning("the database died; starting it again", log=str(self._postmaster.log))
            begun = time.monotonic()
            try:
                self._postmaster.start()
                log.info("the database is back", seconds=round(time.monotonic() - begun, 2))
            except SettingsError as error:
                wait = min(30.0, wait * 2)
                log.error("the database does not start", error=str(error), next_try_in=wait)  # noqa: TRY400  # told in full


def _url(postmaster: Postmaster, user: str, database: str) -> str:
    return f"postgresql://{user}@/{database}?host={quote(str(postmaster.sockets), safe='')}&port={PORT}"


def _quietly(message: str) -> None:
    log.info(message)


def _lock(data_dir: Path) -> Any:
    """One hub a data folder. The lock ends with the process, however it ends."""
    file = (data_dir / "hub.lock").open("a+")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        file.seek(0)
        holder = file.read().strip()
        file.close()
        raise SettingsError(
            f"Another hub (process {holder or 'unknown'}) already uses {data_dir}.\n"
            "Stop it first, or give this one a folder of its own: BASEFLY_DATA_DIR=/another/folder."
        ) from error
    file.truncate(0)
    file.write(str(os.getpid()))
    file.flush()
    return file


def _furnish(url: str) -> None:
    """The roles and the database, once."""
    with psycopg.connect(url, autocommit=True) as connection:
        have = {name for (name,) in connection.execute("select rolname from pg_roles")}
        for role in {logins.OWNER, logins.APPLICATION} - have:
            connection.execute(f"create role {role} login")
        if not connection.execute("select 1 from pg_database where datname = %s", [DATABASE]).fetchone():
            connection.execute(f"create database {DATABASE} owner {logins.OWNER}")
        connection.execute(f"grant {logins.APPLICATION} to {logins.OWNER}")


def trust(url: str) -> None:
    """Let row-level security and the indexes of names, labels and cells work together. Needs a superuser's `url`."""
    with psycopg.connect(url, autocommit=True) as connection:
        known = connection.execute(
            "select every.name from unnest(%s::text[]) as every (name) join pg_proc p"
            " on p.oid = ('pg_catalog.' || every.name)::regprocedure where p.proleakproof",
            [list(LEAKPROOF)],
        )
        for name in set(LEAKPROOF) - {name for (name,) in known}:
            connection.execute(f"alter function pg_catalog.{name} leakproof")
