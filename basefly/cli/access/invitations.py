"""Send, list and withdraw invitations."""

from __future__ import annotations

from basefly.cli import terminal
from basefly.cli.access.listing import Item, find, print_items
from basefly.cli.client.hub import Hub
from basefly.cli.fleet.connection import connect
from basefly.cli.show import values


def show(output: str) -> None:
    """All of them, the newest first."""
    with connect() as hub:
        items = hub.get("/invitations")["items"]
    print_items(items, output, ["email", "role", "state", "by", "sent"], _row, name="email")


def _row(item: Item) -> list[str]:
    return [item["email"], item["role_name"], item["state"], item["invited_by_name"], values.age(item["sent_at"])]


def send(email: str, role: str) -> None:
    """Invite someone. The link, where there is one, goes to stdout alone."""
    with connect() as hub:
        _told(hub.post("/invitations", {"email": email, "role": role}))


def resend(email: str) -> None:
    """A new link."""
    with connect() as hub:
        _told(hub.post(f"/invitations/{_open(hub, email)['id']}/sendings"))


def withdraw(email: str) -> None:
    """End it."""
    with connect() as hub:
        hub.delete(f"/invitations/{_open(hub, email)['id']}")
    terminal.note(f"The invitation of {terminal.clean(email)} is withdrawn.")


def _open(hub: Hub, email: str) -> Item:
    items = [item for item in hub.get("/invitations")["items"] if item["state"] in ("open", "expired")]
    return find(items, email, "open invitation", by=("id", "email"))


def _told(sent: Item) -> None:
    if sent["link"]:
        terminal.note(f"{sent['email']} is invited. The hub sends no mail: give them this link, shown this once:")
        terminal.say(sent["link"])
    else:
        terminal.note(f"{sent['email']} is invited; the link is on its way by e-mail.")
