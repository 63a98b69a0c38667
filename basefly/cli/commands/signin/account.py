"""One's own account: factors and sessions."""

from __future__ import annotations

from typing import Annotated

import typer

from basefly.cli.commands.options import Output, OutputOption, Yes, add, command

app = typer.Typer(
    no_args_is_help=True,
    help="""What you prove yourself with, and where you are signed in.

    \b
    Examples
      basefly account factors
      basefly account rename-passkey "My device" "work laptop"
      basefly account remove-factor "old phone"
      basefly account sessions
    """,
)


def add_to(parent: typer.Typer) -> None:
    """Add the group to `basefly`."""
    add(app, factors)
    add(app, rename_passkey, name="rename-passkey")
    add(app, remove_factor, name="remove-factor")
    add(app, sessions)
    add(app, end_session, name="end-session")
    parent.add_typer(app, name="account")


@command
def factors(output: OutputOption = Output.TABLE) -> None:
    """List your passkeys and your authenticator app. They are set up in the console."""
    from basefly.cli.signin import factors as work

    work.show(output.value)


@command
def rename_passkey(
    name: Annotated[str, typer.Argument(help="Its name or id.")],
    new: Annotated[str, typer.Argument(metavar="NEW-NAME", help="What to call it.")],
) -> None:
    """Call a passkey otherwise, so that you tell them apart."""
    from basefly.cli.signin import factors as work

    work.rename(name, new)


@command
def remove_factor(
    name: Annotated[str, typer.Argument(help="The passkey's name or id; `app` is the authenticator app.")],
    email: Annotated[str, typer.Option("--email", help="Your e-mail address, if the hub has to ask again.")] = "",
    password_stdin: Annotated[
        bool, typer.Option("--password-stdin", help="Read the password from standard input.")
    ] = False,
    code: Annotated[
        str, typer.Option("--code", help="A code of your authenticator app, or a recovery code; asked for otherwise.")
    ] = "",
    yes: Yes = False,
) -> None:
    """Remove a factor. A token cannot: your password and a code are asked for again."""
    from basefly.cli.signin import factors as work

    work.remove(name, email=email, stdin=password_stdin, code=code, yes=yes)


@command
def sessions(output: OutputOption = Output.TABLE) -> None:
    """List the browsers where you are signed in."""
    from basefly.cli.signin import factors as work

    work.sessions(output.value)


@command
def end_session(
    session_id: Annotated[str, typer.Argument(metavar="ID", help="As `basefly account sessions` shows it.")],
    yes: Yes = False,
) -> None:
    """Sign one of them out."""
    from basefly.cli.signin import factors as work

    work.end_session(session_id, yes=yes)
