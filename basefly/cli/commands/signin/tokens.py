"""API tokens of one's own."""

from __future__ import annotations

from typing import Annotated

import typer

from basefly.cli.commands.options import Output, OutputOption, Yes, add, command

app = typer.Typer(
    no_args_is_help=True,
    help="""Your API tokens, for scripts and for other machines.

    \b
    Examples
      basefly tokens create ci --days 30
      basefly tokens create scrape --permission clusters:read --permission inventory:read
      basefly tokens list
      basefly tokens revoke ci
    """,
)


def add_to(parent: typer.Typer) -> None:
    """Add the group to `basefly`."""
    add(app, list_tokens, name="list")
    add(app, create, revoke)
    parent.add_typer(app, name="tokens")


@command
def list_tokens(output: OutputOption = Output.TABLE) -> None:
    """List your tokens. Their secrets are known to nobody any more."""
    from basefly.cli.signin import tokens as work

    work.show(output.value)


@command
def create(
    name: Annotated[str, typer.Argument(help="What it is for.")],
    days: Annotated[int, typer.Option("--days", min=1, max=3650, help="How long it lasts.")] = 90,
    permission: Annotated[
        list[str] | None, typer.Option("--permission", help="All that it may; repeat it. [default: what you may]")
    ] = None,
    cluster_id: Annotated[list[str] | None, typer.Option("--cluster-id", help="Only over this cluster.")] = None,
    email: Annotated[str, typer.Option("--email", help="Your e-mail address, if the hub has to ask again.")] = "",
    password_stdin: Annotated[
        bool, typer.Option("--password-stdin", help="Read the password from standard input.")
    ] = False,
    code: Annotated[
        str, typer.Option("--code", help="A code of your authenticator app, or a recovery code; asked for otherwise.")
    ] = "",
) -> None:
    """Make a token with your rights or a part of them, and print it, this once, on stdout.

    A token cannot make tokens: your password is asked for again.
    """
    from basefly.cli.signin import tokens as work

    wish = {"name": name, "expires_in_days": days, "permissions": permission or None, "clusters": cluster_id or None}
    work.create(wish, email=email, stdin=password_stdin, code=code)


@command
def revoke(name: Annotated[str, typer.Argument(help="Its name or id.")], yes: Yes = False) -> None:
    """Revoke a token. Whatever uses it is refused from the next request on."""
    from basefly.cli.signin import tokens as work

    work.revoke(name, yes=yes)
