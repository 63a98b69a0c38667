"""One's own data: taken along as a file, or forgotten for good."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

from basefly.cli import account, terminal
from basefly.cli.client.hub import Hub
from basefly.cli.exits import Failure
from basefly.cli.fleet.connection import connect
from basefly.cli.signin import login

PATIENCE = 300.0  # s
LOOK = 0.5  # s


def export(file: Path | None) -> None:
    """Order one's data, wait until it is collected, and keep it where nobody else reads it."""
    with connect() as hub:
        made = hub.post("/me/exports")
        _wait(hub, made["id"])
        text = hub.text(f"/me/exports/{made['id']}")
    if file is None:
        terminal.write(text)
        return
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as out:
        out.write(text)
    terminal.note(f"Written to {file}.")


def erase(*, stdin: bool, yes: bool) -> None:
    """Sign in once more, because a token cannot do this, and be forgotten."""
    here = account.current()
    with connect() as hub:
        email = str(hub.get("/me")["email"])
    terminal.sure(f"Erase {email} from {here.url}? There is no way back.", yes=yes)
    with Hub(here.url) as hub:
        login.begin_session(hub, email, login.password(stdin=stdin))
        hub.post("/me/erasure", {"confirm": email})
    account.forget(here.url)
    terminal.say("You are being forgotten; your sessions and tokens have ended or end within seconds.")


def _wait(hub: Hub, export_id: str) -> None:
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        items: list[dict[str, Any]] = hub.get("/me/exports")["items"]
        (found,) = [each for each in items if each["id"] == export_id]
        if found["state"] == "done":
            return
        if found["state"] not in ("pending", "running"):
            raise Failure("Your data could not be collected.", cure="Order it again; the hub's log says why.")
        time.sleep(LOOK)
    raise Failure("Your data is not collected yet.", cure="Fetch it from the page Settings, Your data.")
