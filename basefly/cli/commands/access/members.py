"""Members of the organization."""

from __future__ import annotations

from typing import Annotated

import typer

from basefly.cli.commands.options import Code, Email, Output, OutputOption, PasswordStdin, Yes, add, command

app = typer.Typer(
    no_args_is_help=True,
    help="""Members: who they are, and their role over the whole organization.

    \b
    Examples
      basefly members list
      basefly members role kim@example.com operator
      basefly members remove-factors kim@example.com
      basefly members remove kim@example.com
    """,
)

Who = Annotated[str, typer.Argument(metavar="MEMBER", help="Their e-mail address, name or id.")]


def add_to(parent: typer.Typer) -> None:
    """Add the group to `basefly`."""
    add(app, list_members, name="list")
    add(app, role, remove)
    add(app, remove_factors, name="remove-factors")
    parent.add_typer(app, name="members")


@command
def list_members(output: OutputOption = Output.TABLE) -> None:
    """List members, with their role over the whole organization."""
    from basefly.cli.access import members as work

    work.show(output.value)


@command
def role(who: Who, role: Annotated[str, typer.Argument(help="The name of a role.")]) -> None:
    """Give a member another role over the whole organization."""
    from basefly.cli.access import members as work

    work.change(who, role)


@command
def remove(who: Who, yes: Yes = False) -> None:
    """Take a member out. Their sessions and tokens end within seconds."""
    from basefly.cli.access import members as work

    work.remove(who, yes=yes)


@command
def remove_factors(
    who: Who,
    email: Email = "",
    password_stdin: PasswordStdin = False,
    code: Code = "",
    yes: Yes = False,
) -> None:
    """Take away the second factors of a member who lost them all. Their sessions end.

    A token cannot: your own password and code are asked for again.
    """
    from basefly.cli.access import members as work

    work.remove_factors(who, email=email, stdin=password_stdin, code=code, yes=yes)
