"""Roles and what they are made of."""

from __future__ import annotations

from typing import Annotated

import typer

from basefly.cli.commands.options import Output, OutputOption, Yes, add, command

app = typer.Typer(
    no_args_is_help=True,
    help="""Roles: ours, and those that your organization makes of permissions.

    \b
    Examples
      basefly roles list
      basefly roles permissions
      basefly roles create auditor --permission audit:read --permission access:read
    """,
)

Role = Annotated[str, typer.Argument(metavar="ROLE", help="Its name or id.")]
Chosen = Annotated[
    list[str] | None,
    typer.Option("--permission", "-p", metavar="PERMISSION", help="A permission that it gives. Repeatable."),
]


def add_to(parent: typer.Typer) -> None:
    """Add the group to `basefly`."""
    add(app, list_roles, name="list")
    add(app, permissions, create, change, delete)
    parent.add_typer(app, name="roles")


@command
def list_roles(output: OutputOption = Output.TABLE) -> None:
    """List roles; -o wide with the permissions that each gives."""
    from basefly.cli.access import roles as work

    work.show(output.value)


@command
def permissions(output: OutputOption = Output.TABLE) -> None:
    """List the permissions that there are."""
    from basefly.cli.access import roles as work

    work.permissions(output.value)


@command
def create(
    name: Annotated[str, typer.Argument(help="What it is called.")],
    permission: Chosen = None,
    description: Annotated[str, typer.Option("--description", help="What it is for.")] = "",
) -> None:
    """Make a role of permissions that you hold yourself."""
    from basefly.cli.access import roles as work

    work.create(name, description, permission or [])


@command
def change(
    role: Role,
    permission: Chosen = None,
    name: Annotated[str | None, typer.Option("--name", help="Another name.")] = None,
    description: Annotated[str | None, typer.Option("--description", help="Another description.")] = None,
) -> None:
    """Change a role of your organization's own, for everyone who has it."""
    from basefly.cli.access import roles as work

    work.change(role, {"permissions": permission, "name": name, "description": description})


@command
def delete(role: Role, yes: Yes = False) -> None:
    """Delete a role that no grant gives."""
    from basefly.cli.access import roles as work

    work.delete(role, yes=yes)
