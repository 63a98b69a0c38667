"""The organization's identity providers, and the address to sign in at."""

from __future__ import annotations

import sys
from typing import Any

import typer

from basefly.cli import account, terminal
from basefly.cli.client.hub import Hub
from basefly.cli.exits import Exit, Failure, misuse
from basefly.cli.fleet.connection import connect
from basefly.cli.show import documents, values
from basefly.cli.show.table import Table
from basefly.cli.signin import login

PATH = "/identity-providers"
_MADE = ("id", "confidential", "created_at")  # what the hub says of one, and nobody sets


def show(output: str) -> None:
    """Every one, by name."""
    with connect() as hub:
        found = hub.get(PATH)
    if output in ("json", "yaml"):
        terminal.write(documents.written(found, output))
        return
    if output == "name":
        for each in found["items"]:
            terminal.say(terminal.clean(each["name"]))
        return
    table = Table(["name", "issuer", "first sign-in", "age", "id"])
    for line in table.draw(_row(each) for each in found["items"]):
        terminal.say(line)
    if found["slug"]:
        terminal.note(f"People sign in at {hub.url}/sign-in/{found['slug']}", "dim")
    else:
        terminal.note("Nobody finds them yet: basefly single-sign-on address NAME", "dim")
    for each in found["items"]:
        if each["id"] == found["required"]:
            terminal.note(f"Everybody signs in with {terminal.clean(each['name'])}.", "dim")


def add(wish: dict[str, Any], *, secret_stdin: bool) -> None:
    """Add one; its client secret is typed or read from stdin, never given as a word of the command."""
    secret = sys.stdin.readline().rstrip("\r\n") if secret_stdin else _typed()
    with connect() as hub:
        made = hub.post(PATH, {**wish, "client_secret": secret})
    terminal.say(f"Added {terminal.clean(made['name'])}.")
    terminal.note(f"Its redirect address: {hub.url}/sso/callback", "dim")
    terminal.note(f"Next: basefly single-sign-on test {made['name']!r}", "dim")


def change(name: str, wish: dict[str, Any], *, secret_stdin: bool) -> None:
    """Change what is not None of one; the rest stays, its client secret too."""
    given = {field: value for field, value in wish.items() if value is not None}
    if secret_stdin:
        given["client_secret"] = sys.stdin.readline().rstrip("\r\n")
    with connect() as hub:
        found = _found(hub, name)
        kept = {field: value for field, value in found.items() if field not in _MADE}
        changed = hub.put(f"{PATH}/{found['id']}", {**kept, **given})
    terminal.say(f"Changed {terminal.clean(changed['name'])}.")


def mapping(groups: list[str]) -> dict[str, str]:
    """Names of groups from THEIRS=OURS."""
    found = {}
    for each in groups:
        theirs, equals, ours = each.rpartition("=")
        if not (theirs and equals and ours):
            raise misuse(f"{each!r} maps nothing.", "Write --group theirs=ours.")
        found[theirs] = ours
    return found


def test(name: str) -> None:
    """Ask its issuer, and say what is wrong; ends with 1 when something is."""
    with connect() as hub:
        told = hub.post(f"{PATH}/{_found(hub, name)['id']}/tests")
    for check in told["items"]:
        terminal.say(f"{'ok ' if check['ok'] else 'BAD'}  {check['name']}: {terminal.clean(check['detail'])}")
    if not told["ok"]:
        raise typer.Exit(int(Exit.ERROR))


def remove(name: str, *, yes: bool) -> None:
    """Take one out."""
    with connect() as hub:
        found = _found(hub, name)
        terminal.sure(f"Remove {found['name']}? Nobody signs in through it any more.", yes=yes)
        hub.delete(f"{PATH}/{found['id']}")
    terminal.say(f"Removed {terminal.clean(found['name'])}.")


def address(slug: str) -> None:
    """Name the address."""
    with connect() as hub:
        named = hub.put("/sign-in-address", {"slug": slug})["slug"]
        terminal.say(f"People sign in at {hub.url}/sign-in/{named}")


def require(name: str, *, email: str, stdin: bool, code: str, yes: bool) -> None:
    """Want one of everybody, or none for an empty name. A token cannot, so one signs in once more for a moment."""
    here = account.current()
    with connect() as hub:
        found = _found(hub, name) if name else None
    question = (
        f"Let everybody sign in with {terminal.clean(found['name'])} alone?" if found else "Let passwords in again?"
    )
    terminal.sure(question, yes=yes)
    with Hub(here.url) as hub:
        login.begin_session(hub, email or login.own_email(here), login.password(stdin=stdin), code)
        try:
            told = hub.put("/required-sign-in", {"provider": found["id"] if found else None})
        finally:
            hub.delete("/sessions/current")
    if found is None:
        terminal.say("Everybody signs in as they like.")
        return
    terminal.say(f"Everybody signs in with {terminal.clean(found['name'])}, from their next sign-in on.")
    terminal.note(f"Have not linked it yet, and do then, after their password: {told['unlinked']}", "dim")


def _typed() -> str:
    return terminal.ask("Client secret", hidden=True, instead="Pipe it in with --client-secret-stdin.")


def _row(each: dict[str, Any]) -> list[str]:
    made = f"made {each['create_role']}" if each["create_role"] else "must be a member"
    return [terminal.clean(each["name"]), each["issuer"], made, values.age(each["created_at"]), each["id"]]


def _found(hub: Hub, name: str) -> dict[str, Any]:
    """The one of this name or id."""
    for each in hub.get(PATH)["items"]:
        if name in (each["name"], each["id"]):
            found: dict[str, Any] = each
            return found
    cure = "`basefly single-sign-on list` shows them."
    raise Failure(f"There is no identity provider {name!r}.", cure=cure, exit_code=Exit.NOT_FOUND)
