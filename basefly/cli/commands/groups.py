"""What runs in many clusters at once: workloads by name, images by repository."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from basefly.cli.commands.options import Clusters, Namespaces, Output, OutputOption, add, command, kind_names


def add_to(app: typer.Typer) -> None:
    """Add the commands to `basefly`."""
    add(app, workloads, images)


class Grouping(StrEnum):
    """What makes workloads one group."""

    NAME = "name"
    APP = "app"


Limit = Annotated[int, typer.Option("--limit", metavar="N", min=0, help="At most so many groups; 0: all.")]
Match = Annotated[str, typer.Option("--match", metavar="TEXT", help="Only names that contain this.")]


@command
def workloads(
    clusters: Clusters = None,
    namespaces: Namespaces = None,
    kind: Annotated[
        str, typer.Option("--kind", "-k", metavar="KIND", help="Only this kind: deploy.", autocompletion=kind_names)
    ] = "",
    match: Match = "",
    group: Annotated[
        Grouping, typer.Option("--group", help="By name, or by the label app.kubernetes.io/name.")
    ] = Grouping.NAME,
    skewed: Annotated[bool, typer.Option("--skewed", help="Only what runs in different versions.")] = False,
    failing: Annotated[bool, typer.Option("--failing", help="Only what fails in some cluster.")] = False,
    limit: Limit = 0,
    output: OutputOption = Output.TABLE,
) -> None:
    """List workloads by name over all clusters: where they fail, and which versions run where.

    \b
    Examples
      basefly workloads --skewed
      basefly workloads --failing -k deploy
      basefly workloads --group app -c east -c west
    """
    from basefly.cli.fleet import groups
    from basefly.cli.fleet.connection import connect

    asked: dict[str, str | list[str]] = {
        "cluster": clusters or [],
        "namespace": namespaces or [],
        "q": match,
        "group": group.value,
        "skewed": "true" if skewed else "",
        "failing": "true" if failing else "",
    }
    with connect() as hub:
        raise typer.Exit(groups.workloads(hub, asked, kind=kind, limit=limit, output=output.value))


@command
def images(
    clusters: Clusters = None,
    namespaces: Namespaces = None,
    match: Match = "",
    registry: Annotated[str, typer.Option("--registry", metavar="HOST", help="Only of this one: docker.io.")] = "",
    floating: Annotated[bool, typer.Option("--latest", help="Only with the tag latest, or with none.")] = False,
    drift: Annotated[bool, typer.Option("--drift", help="Only with tags that were pulled as several digests.")] = False,
    limit: Limit = 0,
    output: OutputOption = Output.TABLE,
) -> None:
    """List the images that run, by repository: their tags and digests, and in how many clusters and pods.

    \b
    Examples
      basefly images --drift
      basefly images --match log4j -o json
      basefly images --registry docker.io --latest
    """
    from basefly.cli.exits import misuse
    from basefly.cli.fleet import groups
    from basefly.cli.fleet.connection import connect

    if floating and drift:
        raise misuse("--latest and --drift exclude each other.", "Ask for one, and then for the other.")
    asked: dict[str, str | list[str]] = {
        "cluster": clusters or [],
        "namespace": namespaces or [],
        "q": match,
        "registry": registry,
        "only": "latest" if floating else "drift" if drift else "",
    }
    with connect() as hub:
        raise typer.Exit(groups.images(hub, asked, limit=limit, output=output.value))
