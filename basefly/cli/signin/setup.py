"""The first owner of a new hub, made in a terminal."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from basefly.cli import account, terminal
from basefly.cli.client.hub import Hub
from basefly.cli.exits import Exit, Failure, misuse
from basefly.cli.signin import login

DAYS = 90


@dataclass(frozen=True)
class Wish:
    """What is known of the first owner before anyone is asked."""

    link: str
    email: str
    name: str
    organization: str
    password_stdin: bool


def set_up(wish: Wish, data_dir: Path | None) -> None:
    """Redeem the one-time link, and stay signed in here."""
    address, secret = read_link(wish.link or found_link(folder(data_dir)))
    login.warn_if_overheard(address)
    with Hub(address) as hub:
        hub.get("/health/live")
        body = {
            "token": secret,
            "organization": wish.organization
            or terminal.ask("Name of your organization", instead="Give it with --organization."),
            "name": wish.name or terminal.ask("Your name", instead="Give it with --name."),
            "email": wish.email or terminal.ask("Your e-mail address", instead="Give it with --email."),
            "password": login.password(stdin=True) if wish.password_stdin else _new_password(),
        }
        hub.post("/setup", body)
        terminal.say(f"{terminal.clean(body['name'])} owns {address}.")
        login.keep(hub, body["email"], days=DAYS)
    terminal.note("Next: basefly clusters register", "dim")


def read_link(link: str) -> tuple[str, str]:
    """The hub's address and the secret of a set-up link."""
    parts = urlsplit(link.strip())
    address, marker, _ = f"{parts.scheme}://{parts.netloc}{parts.path}".rpartition("/setup")
    if parts.scheme not in ("http", "https") or not parts.hostname or not marker or not parts.fragment:
        raise misuse("That is no set-up link.", "Copy all of it, from http to its end, in quotes: it has a # in it.")
    return account.normal(address), parts.fragment


def found_link(data_dir: Path) -> str:
    """The link that the hub left for its own machine."""
    file = data_dir / "setup-link"
    try:
        return file.read_text()
    except FileNotFoundError:
        what = f"There is no set-up link in {data_dir}."
        cure = "If the hub has an owner, use `basefly login`. If it runs elsewhere, copy the link it printed: --link."
        raise Failure(what, cure=cure, exit_code=Exit.NOT_FOUND) from None
    except OSError as error:
        raise Failure(f"{file} cannot be read: {error.strerror}.", cure="Ask whoever runs the hub.") from None


def folder(given: Path | None = None) -> Path:
    """The hub's data folder, by the same rules as the hub's own (BASEFLY_DATA_DIR, XDG_DATA_HOME, HOME)."""
    if given or os.environ.get("BASEFLY_DATA_DIR"):
        return (given or Path(os.environ["BASEFLY_DATA_DIR"])).expanduser().absolute()
    base = os.environ.get("XDG_DATA_HOME", "")
    if Path(base).is_absolute():
        return Path(base) / "basefly"
    return Path(os.environ.get("HOME") or Path.home()) / ".local/share/basefly"


def _new_password() -> str:
    return terminal.ask("Password", hidden=True, again=True, instead="Pipe it in with --password-stdin.")
