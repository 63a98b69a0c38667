"""Sends the requests of the matrix, and makes answers comparable: what may differ from one to the next is blanked."""

from __future__ import annotations

import base64
import hashlib
import html
import re
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any

import httpx

from basefly.base.db.pool import Database
from tests.isolation.routes import Route, Sent
from tests.isolation.world import LENGTH, OWN, word
from tests.people import Hub, Person, found, join

# Headers that tell nothing of the answer's matter: ids of the exchange, and the length of what was compared already.
_PASSING = {"date", "x-request-id", "traceresponse", "content-length", "etag"}
_BLANKS = (
    (re.compile(r"nonce-[\w-]+|(?<=nonce=\")[^\"]+"), "NONCE"),
    (re.compile(r"(?<=name=\"csrf\" value=\")[^\"]+"), "FORM"),
    (re.compile(r"basefly_[\w-]{20,}|(?<=basefly=)[\w-]{20,}|(?<=basefly-pending=)[\w-]{20,}"), "SECRET"),
    (re.compile(r"\"(device_code|user_code|verification_uri_complete|secret|uri|challenge)\":\"[^\"]*\""), "SECRET"),
    (re.compile(r"M4 4\.5h7[mh\d .-]*"), "QR"),
    (re.compile(r"(?<=\"user\":{\"id\":\")[\w-]{43}"), "ID"),
    (re.compile(r"\"trace_id\":\"\w+\"|urn:request:[\w.-]+|\b[0-9a-f]{32}\b"), "EXCHANGE"),
    (re.compile(r"[A-Z][a-z]{2} \d{1,2}, \d{4}, \d\d:\d\d UTC"), "TIME"),
    (re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|\+00:00)?"), "TIME"),
    (re.compile(r"(?<=data-mark=\")[^\"]*|[0-9a-f]{8}-\d+\.\d{3}"), "MARK"),
    (
        re.compile(
            r"(?<=data-age>)[^<]*|(?<=title=\")\d\d:\d\d UTC|(?<=\"took_ms\":)[\d.]+|in [\d.]+ m?s\b|"
            r"(?<=\"lag\":)[\d.]+|(?<=\"seconds\":)[\d.]+|waited for \d+ s|\d{8}T\d{6}Z"
        ),
        "TIME",
    ),
    (re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"), "ID"),
    (re.compile(rf"heron[0-9a-f]{{{LENGTH}}}|gannet[{OWN}]{{{LENGTH}}}", re.IGNORECASE), "WORD"),
)


@dataclass(frozen=True)
class Answer:
    """An answer as it is compared, and as it came."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: str
    raw: str

    def __eq__(self, other: object) -> bool:
        mine = (self.status, self.headers, self.body)
        return isinstance(other, Answer) and mine == (other.status, other.headers, other.body)

    def __hash__(self) -> int:
        return hash((self.status, self.body))


@dataclass(frozen=True)
class Asker:
    """Somebody who asks: with a session, a token, or what is none."""

    http: httpx.AsyncClient
    headers: Mapping[str, str]
    form_token: str = ""

    async def ask(self, route: Route, sent: Sent) -> Answer:
        """The answer to a request. Pages are asked for as a browser does; streams for their head only."""
        options: dict[str, Any] = {"params": sent.params, "headers": dict(self.headers)}
        if not route.api:
            options["headers"]["Accept"] = "text/html"
        if sent.json is not None:
            options["json"] = sent.json
        elif sent.form is not None:
            options["data"] = {**sent.form, "csrf": self.form_token}
        if not self.form_token:
            self.http.cookies.clear()  # a public route may have begun a session
        method = "HEAD" if route.endless else sent.method
        answer = await self.http.request(method, sent.url, **options)
        return _answer(answer, sent)


def _answer(answer: httpx.Response, sent: Sent) -> Answer:
    def blank(text: str) -> str:
        for kind, value in sent.values:
            for form in {value, html.escape(value), value.replace("/", "%2F"), value.replace("/", "&#x2f;")}:
                text = text.replace(form, f"<{kind}>")
        for pattern, name in _BLANKS:
            text = pattern.sub(name, text)
        return text

    headers = tuple(sorted((k, blank(v)) for k, v in answer.headers.multi_items() if k not in _PASSING))
    return Answer(answer.status_code, headers, blank(answer.text), answer.text + str(answer.headers.multi_items()))


def form_token(secret: str) -> str:
    """What the forms of a session carry, as a page would have given it."""
    inner = hashlib.sha256(b"basefly form\0" + secret.encode()).digest()
    pad = b"\x07" * len(inner)
    return base64.urlsafe_b64encode(pad + bytes(a ^ b for a, b in zip(pad, inner, strict=True))).rstrip(b"=").decode()


def with_session(person: Person) -> Asker:
    """Whoever has this person's browser."""
    return Asker(person.http, {}, form_token(person.secret))


async def with_token(stack: AsyncExitStack, hub: Hub, person: Person) -> Asker:
    """Whoever has an API token of this person."""
    answer = await person.http.post("/api/v1/tokens", json={"name": "matrix"})
    assert answer.status_code == 201, answer.text
    http = await stack.enter_async_context(hub.browser())
    return Asker(http, person.bearer(answer.json()["token"]))


async def newcomer(stack: AsyncExitStack, hub: Hub, credential: str) -> Asker:
    """The owner of an organization that was made a moment ago, where everything is as at first."""
    name = word()
    person = await stack.enter_async_context(join(hub, name, "owner", await found(hub, name.title())))
    return with_session(person) if credential == "session" else await with_token(stack, hub, person)


async def forgive(db: Database) -> None:
    """Forget who guessed how often: the matrix asks more than any person."""
    async with db.transaction() as tx:
        await tx.execute("delete from throttles")
