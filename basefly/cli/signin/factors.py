"""What one proves oneself with, and where one is signed in."""

from __future__ import annotations

from typing import Any

from basefly.cli import account, terminal
from basefly.cli.client.hub import Hub
from basefly.cli.exits import Exit, Failure
from basefly.cli.fleet.connection import connect
from basefly.cli.show import documents, values
from basefly.cli.show.table import Table
from basefly.cli.signin import login

APP = "app"  # how the authenticator app is called here; there is one at most


def show(output: str) -> None:
    """Factors, the app first."""
    with connect() as hub:
        found = hub.get("/me/factors")
    if output in ("json", "yaml"):
        terminal.write(documents.written(found, output))
        return
    rows = [_row(APP, "authenticator app", found["totp"])] if found["totp"] else []
    rows += [_row(each["name"], "passkey", each) for each in found["passkeys"]]
    if not rows:
        terminal.note("You have no second factor. Set one up in the console, under Settings, Security.")
        return
    for line in Table(["name", "kind", "last used", "age", "id"]).draw(rows):
        terminal.say(line)
    terminal.note(f"{found['recovery_codes']} recovery codes are left.", "dim")


def remove(name: str, *, email: str, stdin: bool, code: str, yes: bool) -> None:
    """Take a factor away. A token cannot, so one signs in once more for a moment."""
    here = account.current()
    terminal.sure(f"Remove {name}? Every other session of yours ends.", yes=yes)
    with Hub(here.url) as hub:
        login.begin_session(hub, email or login.own_email(here), login.password(stdin=stdin), code)
        try:
            hub.delete(_path(hub.get("/me/factors"), name))
        finally:
            hub.delete("/sessions/current")
    terminal.say(f"Removed {terminal.clean(name)}.")


def rename(name: str, new: str) -> None:
    """Call a passkey otherwise."""
    with connect() as hub:
        hub.patch(f"/me/passkeys/{_passkey(hub.get('/me/factors'), name)}", {"name": new})
    terminal.say(f"{terminal.clean(name)} is {terminal.clean(new)} now.")


def sessions(output: str) -> None:
    """Browsers where one is signed in, newest first."""
    with connect() as hub:
        items = hub.get("/sessions")["items"]
    if output in ("json", "yaml"):
        terminal.write(documents.written({"items": items}, output))
        return
    table = Table(["browser", "address", "last used", "age", "id"])
    for line in table.draw([_session(each) for each in items]):
        terminal.say(line)


def end_session(session_id: str, *, yes: bool) -> None:
    """Sign a browser out."""
    with connect() as hub:
        found = [each for each in hub.get("/sessions")["items"] if each["id"] == session_id]
        if not found:
            cure = "`basefly account sessions` shows them."
            raise Failure("You have no such session.", cure=cure, exit_code=Exit.NOT_FOUND)
        terminal.sure(f"End the session from {terminal.clean(found[0]['address'])}?", yes=yes)
        hub.delete(f"/sessions/{session_id}")
    terminal.say("Ended.")


def _row(name: str, kind: str, factor: dict[str, Any]) -> list[str]:
    used = values.age(factor["used_at"]) if factor.get("used_at") else "never"
    return [terminal.clean(name), kind, used, values.age(factor["created_at"]), factor.get("id", values.NOTHING)]


def _session(each: dict[str, Any]) -> list[str]:
    agent = terminal.clean(each["agent"])[:40] or "unknown"
    return [
        agent,
        terminal.clean(each["address"]),
        values.age(each["used_at"]),
        values.age(each["created_at"]),
        each["id"],
    ]


def _path(found: dict[str, Any], name: str) -> str:
    if name == APP and found["totp"]:
        return "/me/factors/totp"
    return f"/me/passkeys/{_passkey(found, name)}"


def _passkey(found: dict[str, Any], name: str) -> str:
    """The id of the passkey that goes by this word."""
    named = [each["id"] for each in found["passkeys"] if name in (each["name"], each["id"])]
    if not named:
        cure = "`basefly account factors` shows them."
        raise Failure(f"You have no factor {name!r}.", cure=cure, exit_code=Exit.NOT_FOUND)
    if len(named) > 1:
        cure = "Give the id; `basefly account factors` shows it."
        raise Failure(f"Several passkeys go by {name!r}.", cure=cure, exit_code=Exit.USAGE)
    return str(named[0])
