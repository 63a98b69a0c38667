"""Service accounts of the organization, and their tokens."""

from __future__ import annotations

from typing import Any

from basefly.cli import account, terminal
from basefly.cli.client.hub import Hub
from basefly.cli.exits import Exit, Failure
from basefly.cli.fleet.connection import connect
from basefly.cli.show import documents, values
from basefly.cli.show.table import Table
from basefly.cli.signin import login, tokens

PATH = "/service-accounts"


def show(output: str) -> None:
    """Every one, by name."""
    with connect() as hub:
        items = hub.get(PATH)["items"]
    if output in ("json", "yaml"):
        terminal.write(documents.written({"items": items}, output))
        return
    if output == "name":
        for each in items:
            terminal.say(terminal.clean(each["name"]))
        return
    table = Table(["name", "role", "state", "tokens", "age", "id"])
    for line in table.draw(_row(each) for each in items):
        terminal.say(line)


def create(name: str, role: str) -> None:
    """Make one."""
    with connect() as hub:
        made = hub.post(PATH, {"name": name, "role": role})
    terminal.say(f"Made {terminal.clean(made['name'])}, {made['role']}.")
    terminal.note(f"Next: basefly service-accounts token {made['name']!r} NAME", "dim")


def enable(name: str, *, disabled: bool, yes: bool) -> None:
    """Disable one, which revokes its tokens for good, or enable it again."""
    with connect() as hub:
        found = _found(hub, name)
        if disabled:
            terminal.sure(f"Disable {found['name']} and revoke its {found['tokens']} tokens?", yes=yes)
        hub.patch(f"{PATH}/{found['id']}", {"disabled": disabled})
    terminal.say(f"{'Disabled' if disabled else 'Enabled'} {terminal.clean(found['name'])}.")


def remove(name: str, *, yes: bool) -> None:
    """Take one out."""
    with connect() as hub:
        found = _found(hub, name)
        terminal.sure(f"Remove {found['name']}? Its tokens end at once.", yes=yes)
        hub.delete(f"{PATH}/{found['id']}")
    terminal.say(f"Removed {terminal.clean(found['name'])}.")


def show_tokens(name: str, output: str) -> None:
    """The tokens of one."""
    with connect() as hub:
        tokens.draw(hub.get(f"{PATH}/{_found(hub, name)['id']}/tokens")["items"], output)


def create_token(name: str, wish: dict[str, Any], *, email: str, stdin: bool) -> None:
    """Make a token of one; the token alone goes to stdout."""
    here = account.current()
    email = email or login.own_email(here)
    with Hub(here.url) as hub:
        login.begin_session(hub, email, login.password(stdin=stdin))
        try:
            made = hub.post(f"{PATH}/{_found(hub, name)['id']}/tokens", wish)
        finally:
            hub.delete("/sessions/current")
    terminal.note(f"Token {terminal.clean(made['name'])}, valid until {login.ends(made)}. It is shown this once:")
    terminal.say(made["token"])


def revoke_token(name: str, token: str, *, yes: bool) -> None:
    """Revoke a token of one."""
    with connect() as hub:
        path = f"{PATH}/{_found(hub, name)['id']}/tokens"
        found = [each for each in hub.get(path)["items"] if token in (each["name"], each["id"])]
        if not found:
            raise Failure(f"{name} has no token {token!r}.", cure="List them.", exit_code=Exit.NOT_FOUND)
        terminal.sure(f"Revoke the token {found[0]['name']} of {name}?", yes=yes)
        hub.delete(f"{path}/{found[0]['id']}")
    terminal.say(f"Revoked {terminal.clean(found[0]['name'])}.")


def _row(each: dict[str, Any]) -> list[str]:
    state = "disabled" if each["disabled_at"] else "enabled"
    age = values.age(each["created_at"])
    return [terminal.clean(each["name"]), each["role"], state, str(each["tokens"]), age, each["id"]]


def _found(hub: Hub, name: str) -> dict[str, Any]:
    """The one of this name or id."""
    for each in hub.get(PATH)["items"]:
        if name in (each["name"], each["id"]):
            found: dict[str, Any] = each
            return found
    cure = "`basefly service-accounts list` shows them."
    raise Failure(f"There is no service account {name!r}.", cure=cure, exit_code=Exit.NOT_FOUND)
