"""A real SMTP server on this machine, and a hub that sends through it."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP, Envelope

from basefly.app import furnished
from basefly.base.db.changes import Changes
from basefly.base.db.pool import Database
from basefly.base.db.secrets import Vault
from basefly.base.runtime.house import House
from basefly.base.settings import Settings
from basefly.core.identity.mail.outbox import Postman
from e2e.plane.program import free_port
from tests.people import Hub

LINK = re.compile(r"https?://\S+#(\S+)")


class Mailbox:
    """What arrived. `answer` is what the relay says to the next mails: 250, or why not."""

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []
        self.answer = "250 taken"

    async def handle_DATA(self, server: SMTP, session: Any, envelope: Envelope) -> str:  # noqa: N802  # aiosmtpd's name
        if self.answer.startswith("250"):
            content = envelope.original_content
            assert content is not None
            mail = message_from_bytes(content, policy=policy.default)
            assert isinstance(mail, EmailMessage)
            self.mails.append(mail)
        return self.answer

    def secret(self) -> str:
        """What stands after the # of the link in the last mail."""
        found = LINK.search(self.mails[-1].get_content())
        assert found
        return found[1]


async def served(mailbox: Mailbox, port: int, **options: Any) -> asyncio.Server:
    """The server; close it in the end."""
    return await asyncio.get_running_loop().create_server(
        lambda: SMTP(mailbox, hostname="relay.test", **options), "127.0.0.1", port
    )


RELAY = free_port()


@pytest.fixture
async def relayed(db: Database, database_url: str, tmp_path: Path, port: int) -> AsyncIterator[House]:
    """A house with a relay, at which a server stands or not."""
    settings = Settings(
        data_dir=tmp_path, port=port, smtp_url=f"smtp+plain://127.0.0.1:{RELAY}", mail_from="basefly@example.com"
    )
    changes, vault = Changes(database_url), Vault.load(settings)
    await vault.check(db)
    house = House(settings, db, changes, vault)
    async with furnished(house):
        yield house
    await changes.close()


@pytest.fixture
async def mailbox() -> AsyncIterator[Mailbox]:
    """The server at the relay's address."""
    box = Mailbox()
    async with await served(box, RELAY):
        yield box


async def deliver(hub: Hub) -> None:
    """Send what waits."""
    while await Postman(hub.house).deliver():
        pass
