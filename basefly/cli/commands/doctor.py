"""Whether everything is as it should be."""

from __future__ import annotations

from typing import Annotated

import typer

from basefly.cli.commands.hub import DataDir
from basefly.cli.commands.options import add, command


def add_to(app: typer.Typer) -> None:
    """Add the command to `basefly`."""
    add(app, doctor)


@command
def doctor(
    data_dir: DataDir = None,
    as_json: Annotated[bool, typer.Option("--json", help="The findings as JSON.")] = False,
) -> None:
    """Check the hub, its database, the disk, the clusters and the versions, and say the cure of what is wrong.

    Works without a running hub, too: then it looks at what is on this machine. The exit code is 1 if something is
    wrong, 0 if there are at most warnings.
    """
    from basefly.cli.diagnosis import doctor as work

    raise typer.Exit(work.examine(data_dir, as_json=as_json))
