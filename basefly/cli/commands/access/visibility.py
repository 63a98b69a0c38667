"""Whose rules decide what people see."""

from __future__ import annotations

from typing import Annotated

import typer

from basefly.cli.commands.options import Output, OutputOption, add, command

app = typer.Typer(
    no_args_is_help=True,
    help="""Whose rules decide what people see: the hub's grants alone, or of that what each cluster's own RBAC allows.

    \b
    Examples
      basefly visibility show
      basefly visibility choose clusters
      basefly visibility choose hub
    """,
)

Choice = Annotated[str, typer.Argument(metavar="hub|clusters", help="hub: grants alone; clusters: their RBAC too.")]


def add_to(parent: typer.Typer) -> None:
    """Add the group to `basefly`."""
    add(app, show, choose)
    parent.add_typer(app, name="visibility")


@command
def show(output: OutputOption = Output.TABLE) -> None:
    """Show the choice, and how each cluster stands with it."""
    from basefly.cli.access import visibility as work

    work.show(output.value)


@command
def choose(choice: Choice) -> None:
    """Choose whose rules decide. Only an owner may; it counts within ten seconds."""
    from basefly.cli.access import visibility as work

    work.choose(choice)
