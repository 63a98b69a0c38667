"""List, change and remove members."""

from __future__ import annotations

from basefly.cli import account, terminal
from basefly.cli.access.listing import Item, member, print_items
from basefly.cli.client.hub import Hub
from basefly.cli.fleet.connection import connect
from basefly.cli.show import values
from basefly.cli.signin import login


def show(output: str) -> None:
    """Everyone in the organization."""
    with connect() as hub:
        items = hub.get("/members")["items"]
    print_items(items, output, ["name", "email", "role", "age", "id"], _row, name="email")


def _row(item: Item) -> list[str]:
    return [item["name"], item["email"], item["role"] or values.NOTHING, values.age(item["created_at"]), item["id"]]


def change(who: str, role: str) -> None:
    """Another role over the whole organization."""
    with connect() as hub:
        changed = hub.patch(f"/members/{member(hub, who)['id']}", {"role": role})
    terminal.note(f"{terminal.clean(changed['name'])} is {terminal.clean(changed['role'])} now.")


def remove(who: str, *, yes: bool) -> None:
    """Take a member out, after asking."""
    with connect() as hub:
        found = member(hub, who)
        terminal.sure(f"Remove {terminal.clean(found['name'])} ({terminal.clean(found['email'])})?", yes=yes)
        hub.delete(f"/members/{found['id']}")
    terminal.note(f"Removed {terminal.clean(found['name'])}.")


def remove_factors(who: str, *, email: str, stdin: bool, code: str, yes: bool) -> None:
    """Take a member's second factors away. A token cannot, so one signs in once more for a moment."""
    here = account.current()
    with connect() as hub:
        found = member(hub, who)
    name = terminal.clean(found["name"])
    terminal.sure(f"Take away all second factors of {name} ({terminal.clean(found['email'])})?", yes=yes)
    with Hub(here.url) as hub:
        login.begin_session(hub, email or login.own_email(here), login.password(stdin=stdin), code)
        try:
            removed = hub.post(f"/members/{found['id']}/factor-removals")
        finally:
            hub.delete("/sessions/current")
    parts = [_counted(removed["passkeys"], "passkey")] if removed["passkeys"] else []
    parts += ["the authenticator app"] if removed["totp"] else []
    parts += [_counted(removed["recovery_codes"], "recovery code")] if removed["recovery_codes"] else []
    terminal.say(f"Taken away from {name}: {', '.join(parts)}. {_counted(removed['sessions_ended'], 'session')} ended.")


def _counted(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
