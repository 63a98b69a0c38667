"""What comes in, read strictly: one JSON parser, forms, uploads, and the address that really asks."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any

import litestar
import msgspec
from litestar.datastructures import State, UploadFile
from litestar.types import Empty

from basefly.base.errors import Malformed
from basefly.base.principal import Principal
from basefly.base.runtime.house import House
from basefly.base.web.problems import WrongMedia, from_validation

if TYPE_CHECKING:
    from basefly.base.web.gate import Plugs

FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")
UNSAFE = ("POST", "PUT", "PATCH", "DELETE")

LAG = "replica_lag"  # under this name the state holds by how many seconds what was read may be behind


class Request(litestar.Request[Principal, Any, State]):
    """A request; its JSON body is read as exactly what the route takes."""

    @property
    def house(self) -> House:
        """What every slice may reach."""
        house: House = self.scope["state"]["house"]
        return house

    @property
    def plugs(self) -> Plugs:
        """What the floors above plugged in."""
        plugs: Plugs = self.scope["state"]["plugs"]
        return plugs

    @property
    def by(self) -> Principal | None:
        """Who asks; None on public paths and for strangers."""
        by: Principal | None = self.scope.get("user")
        return by

    @property
    def method(self) -> Any:
        """The method; what opens a WebSocket is a GET."""
        return self.scope.get("method", "GET")

    @property
    def unsafe(self) -> bool:
        """Whether the method is one that changes things."""
        return self.method in UNSAFE

    @property
    def form_like(self) -> bool:
        """Whether the body is a form, as a browser sends it."""
        return self.content_type[0] in FORMS

    @property
    def prefers_html(self) -> bool:
        """Whether whoever asks wants a page to look at rather than data."""
        wanted = self.accept.best_match(["application/json", "application/problem+json", "text/html"], default="")
        return wanted == "text/html"

    async def json(self) -> Any:
        """The body as the type of the route's `data`; raises Malformed, WrongMedia or Invalid."""
        if self._json is Empty:
            self._json = await self._read()
        return self._json

    async def _read(self) -> Any:
        media = self.content_type[0]
        if media != "application/json":
            raise WrongMedia(
                f"The body is {media or 'of no stated type'}.", cure="Send Content-Type: application/json."
            )
        value = strict(await self.body())
        field = self.route_handler.parsed_fn_signature.parameters.get("data")
        if field is None:
            return value
        try:
            return msgspec.convert(value, field.annotation)
        except msgspec.ValidationError as error:
            raise from_validation(error) from error


class Form:
    """The fields of a submitted form."""

    def __init__(self, fields: dict[str, list[Any]]) -> None:
        self._fields = fields

    def __iter__(self) -> Iterator[str]:
        return iter(self._fields)

    def text(self, name: str, default: str = "") -> str:
        """The first value of a field, without the space around it."""
        values = [value for value in self._fields.get(name, []) if isinstance(value, str)]
        return values[0].strip() if values else default

    def raw(self, name: str) -> str:
        """The first value as it was typed: passwords may begin with a space."""
        values = [value for value in self._fields.get(name, []) if isinstance(value, str)]
        return values[0] if values else ""

    def all(self, name: str) -> list[str]:
        """Every value of a field."""
        return [value for value in self._fields.get(name, []) if isinstance(value, str)]

    async def file(self, name: str) -> bytes:
        """The content of an uploaded file; empty when none was chosen."""
        for value in self._fields.get(name, []):
            if isinstance(value, UploadFile):
                return await value.read()
        return b""

    async def files(self, name: str) -> list[tuple[str, bytes]]:
        """Every uploaded file of a field, by its name, which may have folders in it."""
        uploaded = [value for value in self._fields.get(name, []) if isinstance(value, UploadFile)]
        return [(value.filename, content) for value in uploaded if (content := await value.read())]


async def form(request: Request) -> Form:
    """The request's form; raises WrongMedia for anything else."""
    if not request.form_like:
        raise WrongMedia("This path takes a form.", cure="Send Content-Type: application/x-www-form-urlencoded.")
    data = await request.form()
    return Form({name: data.getall(name) for name in data})


def strict(body: bytes) -> Any:
    """JSON as RFC 8259 means it: UTF-8, no name twice, no NaN, no bottomless nesting. Raises Malformed."""
    try:
        value = json.loads(body.decode("utf-8"), object_pairs_hook=_once, parse_constant=_refuse)
        if b"\\ud" in body.lower():  # half a character, escaped, is text to JSON and to nobody else
            json.dumps(value, ensure_ascii=False).encode()
        return value
    except UnicodeDecodeError as error:
        raise Malformed("The body is not UTF-8.") from error
    except UnicodeEncodeError as error:
        raise Malformed("The body holds half of a character (a lone surrogate).") from error
    except RecursionError as error:
        raise Malformed("The body is nested too deeply.") from error
    except ValueError as error:
        raise Malformed(f"The body is not JSON: {error}.") from error


def client_address(peer: str, forwarded: Iterable[str], trusted: int) -> str:
    """Whose network asks: in X-Forwarded-For and the peer, from the right, the first that is no proxy of ours.

    `trusted` is how many proxies of ours stand before us; with none, the header means nothing.
    """
    chain = [hop.strip() for line in forwarded for hop in line.split(",")] + [peer]
    return _plain(chain[max(0, len(chain) - 1 - trusted)]) or _plain(peer)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise Malformed(f"The name {name!r} stands twice in one object.", cure="Say each name once.")
        found[name] = value
    return found


def _refuse(word: str) -> None:
    raise Malformed(f"{word} is no JSON number.")


def _plain(text: str) -> str:
    """An IP address without brackets, port or zone; empty if it is none."""
    text = text.partition("]")[0].lstrip("[").partition("%")[0]
    if text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        return str(ip_address(text))
    except ValueError:
        return ""
