"""Sign in with a password or a token, sign out, and say who one is."""

from __future__ import annotations

import socket
import sys
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from basefly.cli import account, terminal
from basefly.cli.account import Account, Login
from basefly.cli.client import http
from basefly.cli.client.hub import Hub
from basefly.cli.exits import Exit, Failure, misuse
from basefly.cli.fleet.connection import connect
from basefly.cli.show import documents, values


def with_password(url: str, email: str, *, days: int, stdin: bool, code: str = "") -> None:
    """Trade e-mail address and password for a token of this machine."""
    address = account.current(url).url
    warn_if_overheard(address)
    with Hub(address) as hub:
        hub.get("/health/live")  # before anyone types a password into the void
        email = email or terminal.ask("E-mail address", instead="Give it with --email.")
        begin_session(hub, email, password(stdin=stdin), code)
        keep(hub, email, days=days)


def keep(hub: Hub, email: str, *, days: int) -> None:
    """Make a token in an open session, end the session, and remember the token."""
    made = hub.post("/tokens", {"name": machine_name(), "expires_in_days": days})
    hub.delete("/sessions/current")
    place = account.remember(hub.url, Login(made["token"], email, made["id"]))
    terminal.say(f"Signed in to {hub.url} as {email} for {days} days.")
    terminal.note(f"The token is in {place}, readable by you alone.", "dim")


def begin_session(hub: Hub, email: str, secret: str, code: str = "") -> None:
    """A session in the connection's cookies, after a second step where one is needed; what was wrong is told."""
    try:
        begun = hub.post("/sessions", {"email": email, "password": secret})
    except Failure as failure:
        if failure.exit_code is Exit.NOT_SIGNED_IN:
            raise Failure(
                "The e-mail address or the password is wrong.",
                cure="Check both and try again.",
                exit_code=Exit.NOT_SIGNED_IN,
            ) from None
        raise
    if "ways" in begun:
        _second_step(hub, begun["ways"], code)


def _second_step(hub: Hub, ways: list[str], code: str) -> None:
    """A code of the app, or a recovery code. A passkey is used in a browser."""
    question = "Code of your authenticator app, or a recovery code" if "totp" in ways else "Recovery code"
    if not code and "passkey" in ways and "totp" not in ways:
        terminal.note("Your passkey works in a browser only: make a token there, and use `basefly login --token -`.")
    typed = code or terminal.ask(question, instead="Give it with --code.")
    plain = typed.replace(" ", "")
    way = "totp" if plain.isdecimal() and len(plain) == 6 else "recovery"
    try:
        hub.post("/sessions/second-steps", {way: typed})
    except Failure as failure:
        if failure.exit_code is Exit.NOT_SIGNED_IN:
            cure = "Wait for the app's next code: each is good once."
            raise Failure("This code is wrong.", cure=cure, exit_code=Exit.NOT_SIGNED_IN) from None
        raise


def own_email(here: Account) -> str:
    """Whose sign-in is remembered for this hub; asked for when nobody's is."""
    if not here.token:
        return terminal.ask("E-mail address", instead="Give it with --email.")
    with Hub(here.url, here.token) as hub:
        return str(hub.get("/me")["email"])


def with_token(url: str, token: str) -> None:
    """Remember a token that someone made, once the hub has accepted it."""
    token = sys.stdin.readline().strip() if token == "-" else token.strip()  # noqa: S105 - a dash means stdin
    if not token.isascii() or not token.isprintable() or not token:
        raise misuse("That is no token.", "A token begins with basefly_; make one with `basefly tokens create`.")
    address = account.current(url).url
    warn_if_overheard(address)
    with Hub(address, token) as hub:
        me = hub.get("/me")
    account.remember(address, Login(token, me["email"]))
    terminal.say(f"Signed in to {address} as {me['email']}.")


def sign_out() -> None:
    """Revoke the token that `login` made, and forget it here in any case."""
    address = account.current().url
    login = account.forget(address)
    if login is None:
        terminal.note(f"You were not signed in to {address}.")
        return
    terminal.say(f"Signed out of {address}.")
    if not login.token_id:
        terminal.note("The token that you gave still works; `basefly tokens revoke` ends it.")
        return
    try:
        with Hub(address, login.token) as hub:
            hub.delete(f"/tokens/{login.token_id}")
    except Failure as failure:
        if failure.exit_code in (Exit.NOT_SIGNED_IN, Exit.NOT_FOUND):
            return
        terminal.warn("The hub could not be told: its token is valid until it ends.")
        raise


def whoami(*, as_json: bool) -> None:
    """Name, organization, role."""
    with connect() as hub:
        me = hub.get("/me")
        if as_json:
            terminal.write(documents.as_json(me))
            return
        terminal.say(f"{terminal.clean(me['name'])} <{terminal.clean(me['email'])}>")
        terminal.say(f"{me['role'] or 'member'} of {terminal.clean(me['organization']['name'])} at {hub.url}")


def password(*, stdin: bool) -> str:
    """The password, typed or read from stdin."""
    if stdin:
        return sys.stdin.readline().rstrip("\r\n")
    return terminal.ask("Password", hidden=True, instead="Pipe it in with --password-stdin.")


def machine_name() -> str:
    """What the token of this machine is called; the time keeps two sign-ins apart."""
    return f"{socket.gethostname()[:60] or 'command line'} {datetime.now(UTC):%Y-%m-%d %H:%M:%S.%f}"[:100]


def warn_if_overheard(address: str) -> None:
    """Passwords and tokens over plain HTTP can be read on the way."""
    if urlsplit(address).scheme == "http" and not http.is_loopback(address):
        terminal.warn(f"{address} is not encrypted: what you send can be read on the way. Use https://.")


def ends(token: dict[str, Any]) -> str:
    """When a token ends, in words."""
    moment = values.moment(token.get("expires_at"))
    return f"{moment:%Y-%m-%d}" if moment else "never"
