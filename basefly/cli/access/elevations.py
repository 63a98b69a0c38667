"""Ask for elevations, and decide on them."""

from __future__ import annotations

from collections.abc import Mapping

from basefly.cli import terminal
from basefly.cli.access.listing import Item, ends, print_items
from basefly.cli.access.places import Place, named, told
from basefly.cli.fleet.connection import connect
from basefly.cli.show import values


def show(output: str) -> None:
    """All that one may see."""
    with connect() as hub:
        items = hub.get("/elevations")["items"]
        names = named(hub, items)
    headings = ["who", "role", "over", "minutes", "state", "reason", "age", "id"]
    print_items(items, output, headings, lambda item: _row(item, names), name="id")


def _row(item: Item, names: Mapping[str, str]) -> list[str]:
    state = "too old" if item["stale"] else item["state"]
    place = told(item["where"], names)
    first = [item["member_name"], item["role_name"], place, str(item["minutes"]), state]
    return [*first, item["reason"], values.age(item["created_at"]), item["id"]]


def ask(role: str, reason: str, minutes: int, place: Place) -> None:
    """Ask for one; its id goes to stdout."""
    with connect() as hub:
        body = {"role": role, "reason": reason, "minutes": minutes, "where": place.body(hub)}
        made = hub.post("/elevations", body)
    terminal.note(f"Asked for {terminal.clean(made['role_name'])}. It holds once somebody else approves it.")
    terminal.say(made["id"])


def decide(elevation: str, what: str, note: str) -> None:
    """Approve or refuse one."""
    with connect() as hub:
        decided = hub.post(f"/elevations/{elevation}/{what}", {"note": note})
    who, role = terminal.clean(decided["member_name"]), terminal.clean(decided["role_name"])
    if decided["state"] == "approved":
        terminal.note(f"{who} is {role} until {ends(decided)}.")
    else:
        terminal.note(f"Refused {role} to {who}.")


def withdraw(elevation: str) -> None:
    """Withdraw one's own."""
    with connect() as hub:
        gone = hub.post(f"/elevations/{elevation}/withdrawals")
    terminal.note(f"Withdrew {terminal.clean(gone['role_name'])}.")
