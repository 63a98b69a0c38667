"""Mail that must go out: kept in the database with what asked for it, made at its sending, tried again for a day.

At least once: a process that dies between the relay's yes and our note of it sends a second one.
"""

from __future__ import annotations

import asyncio
import textwrap
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime, timedelta

import msgspec
import structlog

from basefly.base.db.transaction import Tx
from basefly.base.errors import Conflict
from basefly.base.mail import Mailer, Undelivered
from basefly.base.runtime.house import House
from basefly.base.telemetry.metrics import Counter, Gauge
from basefly.base.web.language.reader import current, reading
from basefly.core.identity import store
from basefly.core.identity.model import Mail

LOOK = 1.0  # seconds between two looks for mail
PAUSE = timedelta(seconds=60)  # until the second try; each further one waits twice as long, two hours at most
PATIENCE = timedelta(hours=24)  # after which a mail is given up

log = structlog.get_logger(__name__)
_SENT = Counter("basefly_mails", "Mails by what became of them", ["outcome"])
_WAITING = Gauge("basefly_mails_waiting", "Mails that the relay has not taken yet")
_GIVEN_UP = Gauge("basefly_mails_given_up", "Mails given up in the last week")


class Letter(msgspec.Struct, frozen=True):
    """What a mail says, and to whom."""

    to: str
    subject: str
    text: str


Compose = Callable[[House, Mail], Awaitable[Letter | None]]


class Composers(dict[str, Compose]):
    """Who makes which kind of mail. In the house, for every slice that sends some."""


def paragraphs(*texts: str) -> str:
    """The text of a mail: paragraphs that break before 78 columns (RFC 5322, 2.1.1), and addresses that never do."""
    return "\n\n".join(textwrap.fill(each, 76, break_long_words=False, break_on_hyphens=False) for each in texts) + "\n"


def configured(house: House) -> bool:
    """Whether mail can go out at all."""
    return bool(house.settings.smtp_url)


def require(house: House) -> None:
    """Raise Conflict, with what the operator must set, when mail cannot go out."""
    if not configured(house):
        raise Conflict(
            "This hub sends no mail.",
            cure="Ask whoever runs it to set BASEFLY_SMTP_URL and BASEFLY_MAIL_FROM, or to make you a link with "
            "`basefly reset-link` on the hub's machine.",
        )


async def post(tx: Tx, kind: str, recipient: str, words: Mapping[str, str] | None = None) -> None:
    """A mail goes out if and when this commits. `words` are what it is made of; nothing secret among them.

    It speaks the language that its recipient chose, or else that of whoever caused it.
    """
    await store.insert_mail(tx, kind, recipient, {"language": current().language.tag, **(words or {})})


async def tell(tx: Tx, house: House, kind: str, recipient: str) -> None:
    """As `post`, where mail goes out at all; what it would tell of must not fail for want of it."""
    if configured(house):
        await post(tx, kind, recipient)


class Postman:
    """Sends what waits, one at a time; several hubs share the work."""

    name = "mail"

    def __init__(self, house: House) -> None:
        self._house = house
        self._mailer = house.get(Mailer)

    async def run(self) -> None:
        """Look for mail until cancelled."""
        while True:
            while await self.deliver():
                pass
            await asyncio.sleep(LOOK)

    async def deliver(self) -> bool:
        """Send the mail that has waited longest; False when none is due."""
        async with self._house.db.transaction() as tx:
            mail = await store.take_mail(tx, PAUSE)
            language = await store.get_language(tx, mail.recipient) if mail else None
        if mail is None:
            return False
        try:
            with reading(language or mail.words.get("language", "")):
                letter = await self._house.get(Composers)[mail.kind](self._house, mail)
            if letter:  # there is none for whom we do not know, which takes as long and tells nobody
                await self._mailer.send(letter.to, letter.subject, letter.text)
        except Undelivered as error:
            await self._trouble(mail, str(error), final=error.final)
        except Exception as error:  # noqa: BLE001  # one mail that cannot be made must not hold up the others
            await self._trouble(mail, f"it could not be made: {type(error).__name__}", final=False)
        else:
            await self._sent(mail)
        return True

    async def _sent(self, mail: Mail) -> None:
        _SENT.labels("sent").inc()
        async with self._house.db.transaction() as tx:
            await store.note_sent(tx, mail.id)
            await _count(tx)

    async def _trouble(self, mail: Mail, error: str, *, final: bool) -> None:
        over = final or datetime.now(UTC) - mail.created_at > PATIENCE
        _SENT.labels("given_up" if over else "delayed").inc()
        log.warning("a mail was not taken", mail=str(mail.id), kind=mail.kind, error=error, given_up=over)
        async with self._house.db.transaction() as tx:
            await store.note_trouble(tx, mail.id, error[:500], over=over)
            await _count(tx)


async def _count(tx: Tx) -> None:
    waiting, given_up = await store.count_mails(tx)
    _WAITING.set(waiting)
    _GIVEN_UP.set(given_up)
