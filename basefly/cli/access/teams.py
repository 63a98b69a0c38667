"""Make, fill and delete teams."""

from __future__ import annotations

from basefly.cli import terminal
from basefly.cli.access.listing import Item, find, member, print_items
from basefly.cli.client.hub import Hub
from basefly.cli.fleet.connection import connect
from basefly.cli.show import values


def show(output: str) -> None:
    """Every team."""
    with connect() as hub:
        items = hub.get("/teams")["items"]
    print_items(items, output, ["name", "members", "grants", "description", "id"], _row)


def _row(item: Item) -> list[str]:
    return [item["name"], str(item["members"]), str(item["grants"]), item["description"], item["id"]]


def members(team: str, output: str) -> None:
    """Who is in one."""
    with connect() as hub:
        items = hub.get(f"/teams/{_find(hub, team)['id']}/members")["items"]
    print_items(items, output, ["name", "email", "age"], _member_row, name="email")


def _member_row(item: Item) -> list[str]:
    return [item["name"], item["email"], values.age(item["created_at"])]


def create(name: str, description: str) -> None:
    """Make one."""
    with connect() as hub:
        made = hub.post("/teams", {"name": name, "description": description})
    terminal.note(f"Made the team {terminal.clean(made['name'])}.")


def delete(team: str, *, yes: bool) -> None:
    """Delete one, after asking."""
    with connect() as hub:
        found = _find(hub, team)
        terminal.sure(f"Delete the team {terminal.clean(found['name'])}?", yes=yes)
        hub.delete(f"/teams/{found['id']}")
    terminal.note(f"Deleted {terminal.clean(found['name'])}.")


def add(team: str, who: str) -> None:
    """Put a member into one."""
    with connect() as hub:
        found, person = _find(hub, team), member(hub, who)
        hub.post(f"/teams/{found['id']}/members", {"member": person["id"]})
    terminal.note(f"{terminal.clean(person['name'])} is in {terminal.clean(found['name'])}.")


def remove(team: str, who: str) -> None:
    """Take a member out of one."""
    with connect() as hub:
        found, person = _find(hub, team), member(hub, who)
        hub.delete(f"/teams/{found['id']}/members/{person['id']}")
    terminal.note(f"{terminal.clean(person['name'])} is no longer in {terminal.clean(found['name'])}.")


def _find(hub: Hub, word: str) -> Item:
    return find(hub.get("/teams")["items"], word, "team")
