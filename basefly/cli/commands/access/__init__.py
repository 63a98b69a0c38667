"""Who may do what: members, invitations, teams, roles, grants, elevations, and why."""

import typer

from basefly.cli.commands.access import elevations, grants, invitations, members, reasons, roles, teams, visibility


def add_to(parent: typer.Typer) -> None:
    """Add the groups to `basefly`."""
    for room in (members, invitations, teams, roles, grants, elevations, reasons, visibility):
        room.add_to(parent)
