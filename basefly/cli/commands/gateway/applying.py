"""Files applied to clusters."""

from __future__ import annotations

from typing import Annotated

import typer

from basefly.cli.commands.options import Clusters, Yes, add, command


def add_to(parent: typer.Typer) -> None:
    """Add the command to `basefly`."""
    add(parent, apply)


@command
def apply(
    files: Annotated[
        list[str],
        typer.Option("--filename", "-f", metavar="FILE", help="A file, a folder with all below it, or - for stdin."),
    ],
    clusters: Clusters = None,
    namespace: Annotated[
        str, typer.Option("--namespace", "-n", metavar="NAMESPACE", help="Of objects that name none: default.")
    ] = "default",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would change, and change nothing.")] = False,
    take_over: Annotated[
        bool, typer.Option("--take-over", help="Change fields that others own, too, and make them the hub's.")
    ] = False,
    yes: Yes = False,
) -> None:
    """Apply files to clusters; shows the differences first, and asks.

    Namespaces go first, then definitions of kinds, then the rest in the order of the files. Each object has a line of
    its own for each cluster.

    \b
    Examples
      basefly apply -f shop/ -c prod-eu -c prod-us --dry-run
      basefly apply -f web.yaml -c prod-eu -n shop
      helm template web ./chart | basefly apply -f - -c prod-eu --yes
    """
    from basefly.cli.editing import applying as work

    work.apply(files, clusters or [], namespace, {"dry_run": dry_run, "take_over": take_over}, yes=yes)
