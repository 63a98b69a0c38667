"""List, make and revoke one's API tokens."""

from __future__ import annotations

from typing import Any

from basefly.cli import account, terminal
from basefly.cli.client.hub import Hub
from basefly.cli.exits import Exit, Failure
from basefly.cli.fleet.connection import connect
from basefly.cli.show import documents, values
from basefly.cli.show.table import Table
from basefly.cli.signin import login


def show(output: str) -> None:
    """One's tokens, newest first."""
    with connect() as hub:
        draw(hub.get("/tokens")["items"], output)


def draw(items: list[dict[str, Any]], output: str) -> None:
    """Tokens, as asked for; one that ends within a week is warned of."""
    if output in ("json", "yaml"):
        terminal.write(documents.written({"items": items}, output))
    elif output == "name":
        for token in items:
            terminal.say(terminal.clean(token["name"]))
    else:
        table = Table(["name", "may", "ends", "last used", "from", "age", "id"])
        for line in table.draw(_row(token) for token in items):
            terminal.say(line)
        for token in items:
            if token.get("ends_soon"):
                terminal.warn(f"{terminal.clean(token['name'])} ends on {login.ends(token)}: make another one in time.")


def _row(token: dict[str, Any]) -> list[str]:
    used = values.age(token["used_at"]) if token.get("used_at") else "never"
    may = ",".join(token.get("permissions") or ["all"]) + (" (some clusters)" if token.get("clusters") else "")
    return [
        terminal.clean(token["name"]),
        may,
        login.ends(token),
        used,
        token.get("used_address") or "-",
        values.age(token["created_at"]),
        token["id"],
    ]


def create(wish: dict[str, Any], *, email: str, stdin: bool, code: str = "") -> None:
    """Sign in once more for a moment, because a token cannot make tokens. The token alone goes to stdout."""
    here = account.current()
    email = email or login.own_email(here)
    terminal.note(f"Signing in to {here.url} as {email}.", "dim")
    with Hub(here.url) as hub:
        login.begin_session(hub, email, login.password(stdin=stdin), code)
        try:
            made = hub.post("/tokens", wish)
        finally:
            hub.delete("/sessions/current")
    terminal.note(f"Token {terminal.clean(made['name'])}, valid until {login.ends(made)}. It is shown this once:")
    terminal.say(made["token"])


def revoke(name: str, *, yes: bool) -> None:
    """Revoke the token of this name or id."""
    with connect() as hub:
        found = [token for token in hub.get("/tokens")["items"] if name in (token["name"], token["id"])]
        if not found:
            cure = "`basefly tokens list` shows them."
            raise Failure(f"You have no token {name!r}.", cure=cure, exit_code=Exit.NOT_FOUND)
        terminal.sure(f"Revoke the token {found[0]['name']}?", yes=yes)
        hub.delete(f"/tokens/{found[0]['id']}")
    terminal.say(f"Revoked {terminal.clean(found[0]['name'])}.")
