"""Make, change and delete roles."""

from __future__ import annotations

from typing import Any

from basefly.cli import terminal
from basefly.cli.access.listing import Item, find, print_items
from basefly.cli.client.hub import Hub
from basefly.cli.exits import misuse
from basefly.cli.fleet.connection import connect


def show(output: str) -> None:
    """Every role."""
    with connect() as hub:
        items = hub.get("/roles")["items"]
    wide = output == "wide"
    headings = ["name", "grants", "description", *(["permissions"] if wide else [])]
    print_items(items, output, headings, lambda item: _row(item, wide=wide))


def _row(item: Item, *, wide: bool) -> list[str]:
    cells = [item["name"], str(item["grants"]), item["description"]]
    return [*cells, ",".join(item["permissions"])] if wide else cells


def permissions(output: str) -> None:
    """What roles are made of."""
    with connect() as hub:
        items = hub.get("/permissions")["items"]
    print_items(items, output, ["permission", "allows"], lambda item: [item["name"], item["allows"]])


def create(name: str, description: str, given: list[str]) -> None:
    """Make one."""
    if not given:
        raise misuse("A role needs a permission.", "Give --permission; `basefly roles permissions` lists them.")
    with connect() as hub:
        made = hub.post("/roles", {"name": name, "description": description, "permissions": given})
    terminal.note(f"Made the role {terminal.clean(made['name'])}.")


def change(role: str, wanted: dict[str, Any]) -> None:
    """Change one; what is not given stays."""
    body = {name: value for name, value in wanted.items() if value not in (None, [])}
    if not body:
        raise misuse("Nothing is to change.", "Give --permission, --name or --description.")
    with connect() as hub:
        changed = hub.patch(f"/roles/{_find(hub, role)['id']}", body)
    terminal.note(f"{terminal.clean(changed['name'])} gives {', '.join(changed['permissions'])}.")


def delete(role: str, *, yes: bool) -> None:
    """Delete one, after asking."""
    with connect() as hub:
        found = _find(hub, role)
        terminal.sure(f"Delete the role {terminal.clean(found['name'])}?", yes=yes)
        hub.delete(f"/roles/{found['id']}")
    terminal.note(f"Deleted {terminal.clean(found['name'])}.")


def _find(hub: Hub, word: str) -> Item:
    return find(hub.get("/roles")["items"], word, "role")
