"""A hand on clusters: kubectl's way in, verbs, logs, shells, drains, and files applied."""

import typer

from basefly.cli.commands.gateway import acting, applying, drains, inside, verbs


def add_to(parent: typer.Typer) -> None:
    """Add the commands to `basefly`."""
    for room in (acting, drains, verbs, applying, inside):
        room.add_to(parent)
