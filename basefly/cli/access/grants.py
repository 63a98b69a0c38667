"""Give, list and revoke grants."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from basefly.cli import terminal
from basefly.cli.access.listing import Item, ends, find, member, print_items
from basefly.cli.access.places import Place, named, told
from basefly.cli.client.hub import Hub
from basefly.cli.exits import misuse
from basefly.cli.fleet.connection import connect
from basefly.cli.show import values


def show(subject: Mapping[str, str], output: str) -> None:
    """All, or those of one subject."""
    with connect() as hub:
        params = {}
        if any(subject.values()):
            one = _subject(hub, subject)
            params = {"subject": f"{one['kind']}/{one['id']}"}
        items = hub.get("/grants", params)["items"]
        names = named(hub, items)
    headings = ["who", "role", "over", "ends", "by", "age", "id"]
    print_items(items, output, headings, lambda item: _row(item, names), name="id")


def _row(item: Item, names: Mapping[str, str]) -> list[str]:
    subject = item["subject"]
    who = subject["name"] if subject["kind"] == "user" else f"{subject['kind']} {subject['name']}"
    end = ends(item) if item["active"] else "ended"
    by = item["granted_by_name"] or values.NOTHING
    return [who, item["role_name"], told(item["where"], names), end, by, values.age(item["created_at"]), item["id"]]


def give(role: str, subject: Mapping[str, str], place: Place, *, hours: int, reason: str) -> None:
    """Give one."""
    with connect() as hub:
        body = {"subject": _subject(hub, subject), "role": role, "where": place.body(hub), "reason": reason}
        if hours:
            body["expires_at"] = (datetime.now(UTC) + timedelta(hours=hours)).isoformat()
        made = hub.post("/grants", body)
    terminal.note(f"{terminal.clean(made['subject']['name'])} is {terminal.clean(made['role_name'])} now.")
    terminal.say(made["id"])


def revoke(grant: str, *, yes: bool) -> None:
    """Revoke one, after asking."""
    with connect() as hub:
        found = hub.get(f"/grants/{grant}")
        who, role = terminal.clean(found["subject"]["name"]), terminal.clean(found["role_name"])
        terminal.sure(f"Revoke {role} of {who}?", yes=yes)
        hub.delete(f"/grants/{grant}")
    terminal.note(f"Revoked {role} of {who}.")


def _subject(hub: Hub, given: Mapping[str, str]) -> dict[str, str]:
    chosen = [(kind, word) for kind, word in given.items() if word]
    if len(chosen) != 1:
        raise misuse("A grant has one who gets it.", "Give --member, --team or --group.")
    kind, word = chosen[0]
    if kind == "user":
        word = member(hub, word)["id"]
    elif kind == "team":
        word = find(hub.get("/teams")["items"], word, "team")["id"]
    return {"kind": kind, "id": word}
