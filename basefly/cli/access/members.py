"""List, change and remove members."""

from __future__ import annotations

from basefly.cli import terminal
from basefly.cli.access.listing import Item, member, print_items
from basefly.cli.fleet.connection import connect
from basefly.cli.show import values


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
