"""Invitations to the organization."""

from __future__ import annotations

from typing import Annotated

import typer

from basefly.cli.commands.options import Output, OutputOption, add, command

app = typer.Typer(
    no_args_is_help=True,
    help="""Invitations: links that let someone in once, with a role.

    \b
    Examples
      basefly invitations send kim@example.com --role operator
      basefly invitations list
      basefly invitations withdraw kim@example.com
    """,
)

Address = Annotated[str, typer.Argument(metavar="EMAIL", help="The address that is invited.")]


def add_to(parent: typer.Typer) -> None:
    """Add the group to `basefly`."""
    add(app, list_invitations, name="list")
    add(app, send, resend, withdraw)
    parent.add_typer(app, name="invitations")


@command
def list_invitations(output: OutputOption = Output.TABLE) -> None:
    """List invitations, the newest first."""
    from basefly.cli.access import invitations as work

    work.show(output.value)


@command
def send(
    email: Address, role: Annotated[str, typer.Option("--role", help="The role that it brings.")] = "viewer"
) -> None:
    """Invite someone. Where the hub sends no mail, the link is printed, this once."""
    from basefly.cli.access import invitations as work

    work.send(email, role)


@command
def resend(email: Address) -> None:
    """Send an invitation again, with a new link; the earlier one ends."""
    from basefly.cli.access import invitations as work

    work.resend(email)


@command
def withdraw(email: Address) -> None:
    """End an invitation that nobody has accepted."""
    from basefly.cli.access import invitations as work

    work.withdraw(email)
