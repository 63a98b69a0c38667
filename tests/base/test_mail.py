"""Mail through a real relay."""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import Any

import pytest
import trustme
from aiosmtpd.smtp import AuthResult

from basefly.base.mail import Mailer, Undelivered
from basefly.base.settings import Settings, SettingsError, load
from e2e.plane.program import free_port
from tests.core.identity.post import Mailbox, served


def settings(url: str, *, private: bool = True) -> Settings:
    return Settings(
        data_dir=Path("/nowhere"), smtp_url=url, mail_from="Basefly <basefly@example.com>", private_relay=private
    )


class TestSend:
    async def test_hands_it_over_whole(self) -> None:
        mailbox, port = Mailbox(), free_port()
        async with await served(mailbox, port):
            await Mailer(settings(f"smtp+plain://127.0.0.1:{port}")).send("mia@example.com", "Grüße", "Zeile\n")
        (mail,) = mailbox.mails
        assert (mail["To"], mail["From"], mail["Subject"]) == (
            "mia@example.com",
            "Basefly <basefly@example.com>",
            "Grüße",
        )
        assert mail["Auto-Submitted"] == "auto-generated"
        assert mail.get_content().strip() == "Zeile"

    async def test_with_starttls_and_a_password(self) -> None:
        mailbox, port, authority = Mailbox(), free_port(), trustme.CA()
        server_tls, client_tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH), ssl.create_default_context()
        authority.issue_cert("localhost").configure_cert(server_tls)
        authority.configure_trust(client_tls)

        def known(*words: Any) -> AuthResult:
            return AuthResult(success=words[-1].password == b"p@ss", handled=False)

        url = f"smtp://basefly:p%40ss@localhost:{port}"
        async with await served(mailbox, port, tls_context=server_tls, require_starttls=True, authenticator=known):
            await Mailer(settings(url), tls=client_tls).send("mia@example.com", "Hello", "Hello")
            with pytest.raises(Undelivered, match="refused"):
                await Mailer(settings(url.replace("p%40ss", "wrong")), tls=client_tls).send("a@example.com", "x", "x")
            with pytest.raises(Undelivered):  # an authority that we do not know
                await Mailer(settings(url)).send("a@example.com", "x", "x")
        assert len(mailbox.mails) == 1

    async def test_never_without_tls_where_that_is_wanted(self) -> None:
        mailbox, port = Mailbox(), free_port()
        async with await served(mailbox, port):
            with pytest.raises(Undelivered):
                await Mailer(settings(f"smtp://127.0.0.1:{port}")).send("mia@example.com", "x", "x")
        assert mailbox.mails == []

    async def test_not_to_a_private_address_unless_allowed(self) -> None:
        mailbox, port = Mailbox(), free_port()
        async with await served(mailbox, port):
            with pytest.raises(Undelivered, match="loopback"):
                await Mailer(settings(f"smtp+plain://localhost:{port}", private=False)).send("a@example.com", "x", "x")
        assert mailbox.mails == []

    async def test_says_what_the_relay_said(self) -> None:
        mailbox, port = Mailbox(), free_port()
        mailbox.answer = "451 come back later"
        async with await served(mailbox, port):
            with pytest.raises(Undelivered, match="451 come back later"):
                await Mailer(settings(f"smtp+plain://127.0.0.1:{port}")).send("a@example.com", "x", "x")

    async def test_says_when_nobody_answers(self) -> None:
        with pytest.raises(Undelivered, match="cannot be reached"):
            await Mailer(settings(f"smtp+plain://127.0.0.1:{free_port()}")).send("a@example.com", "x", "x")

    async def test_a_subject_cannot_add_headers(self) -> None:
        mailbox, port = Mailbox(), free_port()
        async with await served(mailbox, port):
            with pytest.raises(Undelivered):
                await Mailer(settings(f"smtp+plain://127.0.0.1:{port}")).send("a@example.com", "x\nBcc: b@c.de", "x")
        assert mailbox.mails == []


class TestSettings:
    @pytest.mark.parametrize(
        "url", ["relay.example.com", "http://relay", "smtp://", "smtp+plain://me:secret-word@relay", "smtp://relay/x"]
    )
    def test_wrong_ones_are_named_with_the_cure_and_without_the_password(self, url: str) -> None:
        with pytest.raises(SettingsError, match="BASEFLY_SMTP_URL") as caught:
            load({"HOME": "/root", "BASEFLY_SMTP_URL": url, "BASEFLY_MAIL_FROM": "a@example.com"})
        assert "secret-word" not in str(caught.value)

    def test_a_relay_needs_a_sender(self) -> None:
        with pytest.raises(SettingsError, match="BASEFLY_MAIL_FROM is missing"):
            load({"HOME": "/root", "BASEFLY_SMTP_URL": "smtp://relay"})
        with pytest.raises(SettingsError, match="BASEFLY_MAIL_FROM='nobody'"):
            load({"HOME": "/root", "BASEFLY_SMTP_URL": "smtp://relay", "BASEFLY_MAIL_FROM": "nobody"})

    def test_the_password_is_in_no_repr_of_the_mailer(self) -> None:
        assert "secret" not in repr(Mailer(settings("smtp://me:secret@relay")))
