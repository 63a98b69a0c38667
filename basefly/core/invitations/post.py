"""The way out for mail. The house has a mail room or none; without one, links are shown to whoever made them."""

from __future__ import annotations

from typing import Protocol


class Mailer(Protocol):
    """What sends mail."""

    async def send(self, to: str, subject: str, text: str) -> None:
        """Send one mail, or see to it that it is sent."""
        ...


class Post:
    """In the house; whoever can send mail plugs in."""

    def __init__(self) -> None:
        self.mailer: Mailer | None = None

    def plug(self, mailer: Mailer) -> None:
        """Take what sends mail."""
        self.mailer = mailer
