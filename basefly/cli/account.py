"""Which hub, and as whom: BASEFLY_URL and BASEFLY_TOKEN, or what `basefly login` remembered in the user's folder."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

import msgspec

from basefly.cli import private
from basefly.cli.exits import Failure, misuse

DEFAULT_PORT = "8080"


class Login(msgspec.Struct, frozen=True):
    """One sign-in. `token_id` is set for tokens that we made ourselves, which `logout` therefore revokes."""

    token: str
    email: str = ""
    token_id: str = ""

    def __repr__(self) -> str:
        return f"Login({self.email!r})"


class Accounts(msgspec.Struct, frozen=True):
    """Every hub signed in to, by address, and the one in use."""

    current: str = ""
    hubs: dict[str, Login] = {}


class Account(msgspec.Struct, frozen=True):
    """The hub that this command speaks to, with the token for it ("" when not signed in)."""

    url: str
    token: str

    def __repr__(self) -> str:
        return f"Account({self.url!r})"


def path(environ: Mapping[str, str] | None = None) -> Path:
    """Where sign-ins are kept (XDG Base Directory Specification 0.8)."""
    environ = os.environ if environ is None else environ
    base = environ.get("XDG_CONFIG_HOME", "")
    folder = Path(base) if Path(base).is_absolute() else Path(environ.get("HOME") or Path.home(), ".config")
    return folder / "basefly" / "hubs.json"


def current(url: str = "", environ: Mapping[str, str] | None = None) -> Account:
    """The hub meant by --url, BASEFLY_URL or the last login. A remembered token goes to its own hub only."""
    environ = os.environ if environ is None else environ
    known = read(environ)
    address = normal(url or environ.get("BASEFLY_URL", "") or known.current or _here(environ))
    login = known.hubs.get(address)
    return Account(address, environ.get("BASEFLY_TOKEN", "").strip() or (login.token if login else ""))


def _here(environ: Mapping[str, str]) -> str:
    """A hub on this machine, where `basefly up` puts it."""
    return f"http://127.0.0.1:{environ.get('BASEFLY_PORT', '').strip() or DEFAULT_PORT}"


def normal(url: str) -> str:
    """An address as it is remembered: https:// where no scheme is given, no slash at the end."""
    url = url.strip()
    if "://" not in url:
        url = f"https://{url}"
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username or parts.query:
        raise misuse(f"{url!r} is no address of a hub.", "Give one like https://basefly.example.com.")
    return f"{parts.scheme}://{parts.netloc.lower()}{parts.path.rstrip('/')}"


def read(environ: Mapping[str, str] | None = None) -> Accounts:
    """What is remembered; nothing at all before the first login."""
    place = path(environ)
    try:
        return msgspec.json.decode(place.read_bytes(), type=Accounts)
    except FileNotFoundError:
        return Accounts()
    except (msgspec.MsgspecError, UnicodeDecodeError):
        raise Failure(f"{place} cannot be read as sign-ins.", cure="Remove the file and sign in again.") from None
    except OSError as error:
        raise Failure(f"{place} cannot be read: {error.strerror}.") from None


def remember(url: str, login: Login) -> Path:
    """Keep a sign-in and make its hub the one in use."""
    known = read()
    return _write(Accounts(url, {**known.hubs, url: login}))


def forget(url: str) -> Login | None:
    """Drop the sign-in to one hub, and return it."""
    known = read()
    login = known.hubs.get(url)
    if login:
        _write(Accounts(known.current, {address: kept for address, kept in known.hubs.items() if address != url}))
    return login


def _write(accounts: Accounts) -> Path:
    place = path()
    try:
        private.replace(place, msgspec.json.format(msgspec.json.encode(accounts)) + b"\n")
    except OSError as error:
        raise Failure(f"{place} cannot be written: {error.strerror}.") from None
    return place
