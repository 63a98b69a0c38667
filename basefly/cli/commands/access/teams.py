"""Teams."""

from __future__ import annotations

from typing import Annotated

import typer

from basefly.cli.commands.options import Output, OutputOption, Yes, add, command

app = typer.Typer(
    no_args_is_help=True,
    help="""Teams: people who get grants together.

    \b
    Examples
      basefly teams create SRE --description "Keeps it running"
      basefly teams add SRE kim@example.com
      basefly grants give --team SRE operator --labels env=prod
    """,
)

Team = Annotated[str, typer.Argument(metavar="TEAM", help="Its name or id.")]
Who = Annotated[str, typer.Argument(metavar="MEMBER", help="Their e-mail address, name or id.")]


def add_to(parent: typer.Typer) -> None:
    """Add the group to `basefly`."""
    add(app, list_teams, name="list")
    add(app, show, create, delete)
    add(app, add_member, name="add")
    add(app, remove_member, name="remove")
    parent.add_typer(app, name="teams")


@command
def list_teams(output: OutputOption = Output.TABLE) -> None:
    """List teams."""
    from basefly.cli.access import teams as work

    work.show(output.value)


@command
def show(team: Team, output: OutputOption = Output.TABLE) -> None:
    """List who is in a team."""
    from basefly.cli.access import teams as work

    work.members(team, output.value)


@command
def create(
    name: Annotated[str, typer.Argument(help="What it is called.")],
    description: Annotated[str, typer.Option("--description", help="What it is for.")] = "",
) -> None:
    """Make a team."""
    from basefly.cli.access import teams as work

    work.create(name, description)


@command
def delete(team: Team, yes: Yes = False) -> None:
    """Delete a team that has no grants."""
    from basefly.cli.access import teams as work

    work.delete(team, yes=yes)


@command
def add_member(team: Team, who: Who) -> None:
    """Put a member into a team."""
    from basefly.cli.access import teams as work

    work.add(team, who)


@command
def remove_member(team: Team, who: Who) -> None:
    """Take a member out of a team, or leave it yourself."""
    from basefly.cli.access import teams as work

    work.remove(team, who)
