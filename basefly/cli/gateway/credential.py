"""A credential for kubectl, which asks for one before each command: kept until shortly before it ends."""

from __future__ import annotations

import json
import os
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from basefly.cli import account, private, terminal
from basefly.cli.fleet.connection import connect
from basefly.cli.gateway.kubeconfig import EXEC_API

EARLY = timedelta(minutes=2)  # a credential that ends sooner is not handed out any more


def show(cluster: str) -> None:
    """Print an ExecCredential (client.authentication.k8s.io/v1) for one cluster."""
    here = account.current()
    name = f"{here.url}/clusters/{cluster}"
    kept = _kept(name, here.token)
    if kept is None:
        with connect() as hub:
            kept = hub.post("/gateway/credentials", {"cluster": cluster})
        _keep(name, here.token, kept)
    status = {"token": kept["token"], "expirationTimestamp": kept["expires_at"]}
    terminal.write(json.dumps({"apiVersion": EXEC_API, "kind": "ExecCredential", "status": status}) + "\n")


def _kept(name: str, source: str) -> dict[str, Any] | None:
    """What is kept for this cluster and this sign-in, if it is still good for a while."""
    try:
        found = json.loads(_place().read_text(encoding="utf-8"))[name]
        ends_at = datetime.fromisoformat(found["expires_at"])
        good = found["source"] == _mark(source) and ends_at - EARLY > datetime.now(UTC)
    except (OSError, ValueError, LookupError, TypeError):
        return None
    return dict(found) if good else None


def _keep(name: str, source: str, made: dict[str, Any]) -> None:
    """Keep it for this user alone; where that cannot be, the next command asks again."""
    place = _place()
    try:
        found = json.loads(place.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        found = {}
    kept = {**(found if isinstance(found, dict) else {}), name: {**made, "source": _mark(source)}}
    with suppress(OSError):
        private.replace(place, json.dumps(kept).encode())


def _mark(source: str) -> str:
    """The end of the token that a credential came from: enough to see that it is another one now."""
    return source[-6:]


def _place() -> Path:
    """XDG Base Directory Specification 0.8."""
    base = os.environ.get("XDG_CACHE_HOME", "")
    folder = Path(base) if Path(base).is_absolute() else Path(os.environ.get("HOME") or Path.home(), ".cache")
    return folder / "basefly" / "credentials.json"
