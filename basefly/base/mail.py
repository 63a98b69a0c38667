"""Mail goes out through one relay, at an address that the settings allow, encrypted unless they say otherwise."""

from __future__ import annotations

import asyncio
import socket
import ssl
from email.message import EmailMessage
from email.utils import formatdate, make_msgid, parseaddr
from urllib.parse import unquote, urlsplit

import aiosmtplib

from basefly.base.http import AddressRefused, refusal
from basefly.base.resilience.deadlines import Deadlines
from basefly.base.settings import Settings

PORTS = {"smtps": 465, "smtp": 587, "smtp+plain": 25}
DEADLINES = Deadlines(connect=5.0, first_byte=20.0, total=45.0)


class Undelivered(Exception):
    """The relay did not take the mail; the text says why, and `final` that trying again would change nothing."""

    def __init__(self, text: str, *, final: bool = False) -> None:
        super().__init__(text)
        self.final = final


class Mailer:
    """Hands mail to the relay of BASEFLY_SMTP_URL. In the house only when there is one."""

    def __init__(self, settings: Settings, *, tls: ssl.SSLContext | None = None) -> None:
        parts = urlsplit(settings.smtp_url)
        self._scheme = parts.scheme
        self._host = parts.hostname or ""
        self._port = parts.port or PORTS[parts.scheme]
        self._user = unquote(parts.username or "")
        self._password = unquote(parts.password or "")
        self._private = settings.private_relay
        self._sender = settings.mail_from
        self._tls = tls

    def __repr__(self) -> str:
        return f"Mailer({self._host!r})"

    async def send(self, to: str, subject: str, text: str) -> None:
        """Hand one mail over; returns once the relay has taken it. Raises Undelivered."""
        try:
            message = self._message(to, subject, text)
            async with asyncio.timeout(DEADLINES.total):
                await self._hand_over(message)
        except TimeoutError as error:
            raise Undelivered(f"{self._host} did not answer in time.") from error
        except AddressRefused as error:
            raise Undelivered(f"{self._host} is not dialed: {error}; BASEFLY_PRIVATE_RELAY=true allows it.") from error
        except aiosmtplib.SMTPRecipientsRefused as error:
            refused = error.recipients[0]
            raise Undelivered(f"refused by {self._host}: {refused.code}", final=refused.code >= 500) from error
        except aiosmtplib.SMTPResponseException as error:
            raise Undelivered(f"refused by {self._host}: {error.code} {error.message[:200]}") from error
        except (aiosmtplib.SMTPException, OSError, ValueError) as error:
            raise Undelivered(f"{self._host} cannot be reached: {error}"[:300]) from error

    async def _hand_over(self, message: EmailMessage) -> None:
        relay = aiosmtplib.SMTP(
            hostname=self._host,
            sock=await self._dial(),
            timeout=DEADLINES.first_byte,
            use_tls=self._scheme == "smtps",
            start_tls=self._scheme == "smtp",
            tls_context=self._tls,
            username=self._user or None,
            password=self._password or None,
        )
        async with relay:
            await relay.send_message(message)

    async def _dial(self) -> socket.socket:
        """A connection to the first address of the relay that is allowed and answers, judged again once it stands."""
        loop = asyncio.get_running_loop()
        found = await loop.getaddrinfo(self._host, self._port, type=socket.SOCK_STREAM)
        trouble: OSError = OSError(f"{self._host} has no address")
        for family, kind, protocol, _, address in found:
            if why := refusal(str(address[0]), private=self._private):
                trouble = AddressRefused(why)
                continue
            made = socket.socket(family, kind, protocol)
            made.setblocking(False)  # the standard library's signature
            try:
                async with asyncio.timeout(DEADLINES.connect):
                    await loop.sock_connect(made, address)
                if why := refusal(str(made.getpeername()[0]), private=self._private):
                    raise AddressRefused(why)  # closed as any other that does not stand
            except OSError as error:
                made.close()
                trouble = error if str(error) else OSError("it did not answer in time")
            else:
                return made
        raise trouble

    def _message(self, to: str, subject: str, text: str) -> EmailMessage:
        message = EmailMessage()
        message["From"], message["To"], message["Subject"] = self._sender, to, subject
        message["Date"] = formatdate(localtime=False)
        message["Message-ID"] = make_msgid(domain=parseaddr(self._sender)[1].rpartition("@")[2])
        message["Auto-Submitted"] = "auto-generated"  # RFC 3834: nobody's holiday reply, please
        message.set_content(text)
        return message
