"""Signing in to a hub, and out of it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from basefly.cli.commands.options import Yes, add, command


def add_to(app: typer.Typer) -> None:
    """Add the commands to `basefly`."""
    add(app, login, logout, whoami)
    add(app, my_data, name="my-data")
    add(app, erase_me, name="erase-me")


@command
def login(
    url: Annotated[str, typer.Argument(help="The hub's address. [default: BASEFLY_URL, or the last one]")] = "",
    email: Annotated[str, typer.Option("--email", help="Your e-mail address; asked for otherwise.")] = "",
    token: Annotated[
        str, typer.Option("--token", metavar="TOKEN", help="An API token instead of a password; - reads it from stdin.")
    ] = "",
    password_stdin: Annotated[
        bool, typer.Option("--password-stdin", help="Read the password from standard input.")
    ] = False,
    code: Annotated[
        str, typer.Option("--code", help="A code of your authenticator app, or a recovery code; asked for otherwise.")
    ] = "",
    days: Annotated[int, typer.Option("--days", min=1, max=365, help="How long a sign-in with a password lasts.")] = 90,
    device: Annotated[
        bool, typer.Option("--device", help="Show a code to approve in a browser, also where nobody can type.")
    ] = False,
) -> None:
    """Sign in, and remember it in your own configuration folder.

    On a terminal a code and an address are shown: whoever approves it there, signed in in a browser, lets this machine
    in as themselves. With --email a password is asked for instead. Either way a token is made for this machine, named
    after it; only that is kept, readable by you alone.

    \b
    Examples
      basefly login
      basefly login https://basefly.example.com --email me@example.com
      vault read -field=token basefly | basefly login https://basefly.example.com --token -
    """
    from basefly.cli import terminal
    from basefly.cli.signin import login as work

    if token:
        work.with_token(url, token)
    elif device or (terminal.interactive() and not email and not password_stdin):
        from basefly.cli.signin import device as flow

        flow.sign_in(url)
    else:
        work.with_password(url, email, days=days, stdin=password_stdin, code=code)


@command
def logout() -> None:
    """Sign out: the hub forgets this machine's token, and so does this machine."""
    from basefly.cli.signin import login as work

    work.sign_out()


@command
def whoami(
    as_json: Annotated[bool, typer.Option("--json", help="Everything the hub says about you, as JSON.")] = False,
) -> None:
    """Say who you are to the hub, and what you may."""
    from basefly.cli.signin import login as work

    work.whoami(as_json=as_json)


@command
def my_data(
    file: Annotated[Path | None, typer.Option("--file", "-f", help="Where to; stdout otherwise.")] = None,
) -> None:
    """Take along everything that the organization has about you, as JSON."""
    from basefly.cli.signin import data as work

    work.export(file)


@command
def erase_me(
    password_stdin: Annotated[
        bool, typer.Option("--password-stdin", help="Read the password from standard input.")
    ] = False,
    yes: Yes = False,
) -> None:
    """Be forgotten: your account, and whatever is personal in the audit. There is no way back."""
    from basefly.cli.signin import data as work

    work.erase(stdin=password_stdin, yes=yes)
