"""A primary and a replica that streams from it, both real, and both this session's own."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from basefly.base.db.postmaster import Binaries, Postmaster
from tests.conftest import BINARIES, FAST, Server, _make_template

STREAMING = {"wal_level": "replica", "max_wal_senders": "4", "wal_keep_size": "256MB", "max_connections": "60"}


class Pair:
    """A primary, and a replica that can be stopped, started, held back and let go."""

    def __init__(self, primary: Postmaster, replica: Postmaster) -> None:
        self.primary = Server(primary.sockets)
        self.replica = Server(replica.sockets)
        self._server = replica

    def hold(self) -> None:
        """Let the replica show no more than it shows now."""
        self._say("select pg_wal_replay_pause()")
        while self._say("select pg_get_wal_replay_pause_state()") != "paused":
            pass

    def let_go(self) -> None:
        """Let it catch up."""
        self._say("select pg_wal_replay_resume()")

    def stop(self) -> None:
        self._server.stop()

    def start(self) -> None:
        self._server.start()

    def _say(self, statement: str) -> object:
        with psycopg.connect(self.replica.url("postgres", "postgres"), autocommit=True) as connection:
            row = connection.execute(statement).fetchone()
        return row[0] if row else None


@contextmanager
def paired(folder: Path) -> Iterator[Pair]:
    """Both servers, with a migrated template; they end with the block."""
    primary = _server(folder / "primary")
    primary.ensure_data()
    primary.start()
    try:
        _make_template(Server(primary.sockets))
        replica = _server(folder / "replica")
        _copy(primary, replica)
        replica.start()
        try:
            yield Pair(primary, replica)
        finally:
            replica.stop()
    finally:
        primary.stop()


def _server(home: Path) -> Postmaster:
    home.mkdir(mode=0o711, parents=True)
    return Postmaster(home, Binaries.find(BINARIES), say=print, options={**FAST, **STREAMING, "fsync": "off"})


def _copy(primary: Postmaster, replica: Postmaster) -> None:
    half = Path(tempfile.mkdtemp(prefix="data.new.", dir=replica.home))
    replica._account.give(half)
    tool = Binaries.find(BINARIES).folder / "pg_basebackup"
    where = ["-h", str(primary.sockets), "-U", "postgres", "-D", str(half)]
    command = [str(tool), *where, "-R", "-X", "stream", "-c", "fast"]
    done = replica._account.run(command)
    assert done.returncode == 0, done.stderr
    half.rename(replica.data)
