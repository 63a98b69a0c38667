"""Timed elevation."""

from __future__ import annotations

from typing import Annotated

import typer

from basefly.cli.commands.access.places import InNamespaces, OnClusters, OnLabels, OnRegion
from basefly.cli.commands.options import Output, OutputOption, add, command

app = typer.Typer(
    no_args_is_help=True,
    help="""Elevations: a role for some minutes, approved by a second person, over by itself.

    \b
    Examples
      basefly elevations ask operator --reason "Incident 4711" --minutes 60 --cluster prod-eu
      basefly elevations list
      basefly elevations approve 7c1f…
    """,
)

Id = Annotated[str, typer.Argument(metavar="ID", help="The id of an elevation.")]
Note = Annotated[str, typer.Option("--note", help="A word to whoever asked.")]


def add_to(parent: typer.Typer) -> None:
    """Add the group to `basefly`."""
    add(app, list_elevations, name="list")
    add(app, ask, approve, refuse, withdraw)
    parent.add_typer(app, name="elevations")


@command
def list_elevations(output: OutputOption = Output.TABLE) -> None:
    """List elevations, what waits first."""
    from basefly.cli.access import elevations as work

    work.show(output.value)


@command
def ask(
    role: Annotated[str, typer.Argument(metavar="ROLE", help="The name or id of a role.")],
    reason: Annotated[str, typer.Option("--reason", help="What for: whoever approves it decides by this.")],
    minutes: Annotated[int, typer.Option("--minutes", min=5, max=480, help="How long.")] = 60,
    cluster: OnClusters = None,
    labels: OnLabels = "",
    region: OnRegion = "",
    namespace: InNamespaces = None,
) -> None:
    """Ask for a role for some minutes. It gives nothing until somebody else approves it."""
    from basefly.cli.access import elevations as work
    from basefly.cli.access.places import Place

    work.ask(role, reason, minutes, Place(cluster or [], labels, region, namespace or []))


@command
def approve(elevation: Id, note: Note = "") -> None:
    """Approve what somebody else asked for."""
    from basefly.cli.access import elevations as work

    work.decide(elevation, "approvals", note)


@command
def refuse(elevation: Id, note: Note = "") -> None:
    """Refuse what somebody else asked for."""
    from basefly.cli.access import elevations as work

    work.decide(elevation, "refusals", note)


@command
def withdraw(elevation: Id) -> None:
    """Withdraw what you asked for, or end it before its time."""
    from basefly.cli.access import elevations as work

    work.withdraw(elevation)
