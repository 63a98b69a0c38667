"""Service accounts of the organization."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from basefly.cli.commands.options import Output, OutputOption, Yes, add, command

Name = Annotated[str, typer.Argument(help="Its name or id.")]


class Role(StrEnum):
    """What a service account can be."""

    VIEWER = "viewer"
    OPERATOR = "operator"
    ADMIN = "admin"


app = typer.Typer(
    no_args_is_help=True,
    help="""Accounts of programs that belong to the organization, not to a person.

    \b
    Examples
      basefly service-accounts create CI --role operator
      basefly service-accounts token CI deploy --days 30 --permission clusters:read
      basefly service-accounts disable CI
    """,
)


def add_to(parent: typer.Typer) -> None:
    """Add the group to `basefly`."""
    add(app, list_accounts, name="list")
    add(app, create, token, tokens)
    add(app, revoke_token, name="revoke-token")
    add(app, disable, enable, remove)
    parent.add_typer(app, name="service-accounts")


@command
def list_accounts(output: OutputOption = Output.TABLE) -> None:
    """List the service accounts."""
    from basefly.cli.signin import accounts as work

    work.show(output.value)


@command
def create(
    name: Annotated[str, typer.Argument(help="What it is for.")],
    role: Annotated[Role, typer.Option("--role", help="What it may.")] = Role.VIEWER,
) -> None:
    """Make a service account."""
    from basefly.cli.signin import accounts as work

    work.create(name, role.value)


@command
def token(
    account: Name,
    name: Annotated[str, typer.Argument(help="What the token is for.")],
    days: Annotated[int, typer.Option("--days", min=1, max=3650, help="How long it lasts.")] = 90,
    permission: Annotated[
        list[str] | None,
        typer.Option("--permission", help="All that it may; repeat it. [default: what the account may]"),
    ] = None,
    cluster_id: Annotated[list[str] | None, typer.Option("--cluster-id", help="Only over this cluster.")] = None,
    email: Annotated[str, typer.Option("--email", help="Your e-mail address, if the hub has to ask again.")] = "",
    password_stdin: Annotated[
        bool, typer.Option("--password-stdin", help="Read the password from standard input.")
    ] = False,
) -> None:
    """Make a token of a service account, and print it, this once, on stdout.

    A token cannot make tokens: your password is asked for again.
    """
    from basefly.cli.signin import accounts as work

    wish = {"name": name, "expires_in_days": days, "permissions": permission or None, "clusters": cluster_id or None}
    work.create_token(account, wish, email=email, stdin=password_stdin)


@command
def tokens(account: Name, output: OutputOption = Output.TABLE) -> None:
    """List the tokens of a service account."""
    from basefly.cli.signin import accounts as work

    work.show_tokens(account, output.value)


@command
def revoke_token(
    account: Name, token_name: Annotated[str, typer.Argument(help="The token's name or id.")], yes: Yes = False
) -> None:
    """Revoke a token of a service account."""
    from basefly.cli.signin import accounts as work

    work.revoke_token(account, token_name, yes=yes)


@command
def disable(account: Name, yes: Yes = False) -> None:
    """Disable a service account, and revoke its tokens for good."""
    from basefly.cli.signin import accounts as work

    work.enable(account, disabled=True, yes=yes)


@command
def enable(account: Name) -> None:
    """Enable a service account again; it needs new tokens."""
    from basefly.cli.signin import accounts as work

    work.enable(account, disabled=False, yes=True)


@command
def remove(account: Name, yes: Yes = False) -> None:
    """Remove a service account; its tokens end at once."""
    from basefly.cli.signin import accounts as work

    work.remove(account, yes=yes)
