"""A real SMTP server on this machine, and a hub that sends through it."""

from __future__ import annotations

import asyncio
import re
import socket
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from aiosmtpd.smtp import SMTP, Envelope

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


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        number: int = listener.getsockname()[1]
        return number
