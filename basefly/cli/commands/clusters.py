"""The clusters that the hub knows."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from basefly.cli.commands.options import ClusterArgument, Output, OutputOption, Yes, add, command


class Profile(StrEnum):
    """What a service account for the hub may do."""

    VIEW = "view"
    OPERATE = "operate"
    ADMIN = "admin"


app = typer.Typer(
    no_args_is_help=True,
    help="""Register clusters, look after them, and let them go.

    \b
    Examples
      basefly clusters register                   all contexts of your kubeconfig
      basefly clusters list --health unreachable
      basefly clusters label east tier=gold team-
      basefly clusters remove east                soft: `restore` brings it back
    """,
)


def add_to(parent: typer.Typer) -> None:
    """Add the group to `basefly`."""
    add(app, list_clusters, name="list")
    add(app, show, rename, label, relocate, remove, restore, manifest)
    parent.add_typer(app, name="clusters")


@command
def list_clusters(
    match: Annotated[str, typer.Option("--match", metavar="TEXT", help="Only names that contain this.")] = "",
    selector: Annotated[
        str, typer.Option("--selector", "-l", metavar="SELECTOR", help="Labels of the clusters: tier=gold.")
    ] = "",
    health: Annotated[str, typer.Option("--health", help="Only healthy, degraded, unreachable, or unknown ones.")] = "",
    region: Annotated[str, typer.Option("--region", help="Only of this region.")] = "",
    removed: Annotated[bool, typer.Option("--removed", help="Those that were removed, instead.")] = False,
    sort: Annotated[
        str, typer.Option("--sort", metavar="COLUMN", help="Any column; -pods for the largest first.")
    ] = "",
    output: OutputOption = Output.TABLE,
) -> None:
    """List the clusters, with their health and how old it is."""
    from basefly.cli.fleet import clusters as work

    query = {"q": match, "label": selector, "health": health, "region": region, "sort": sort}
    work.show_all(query, removed=removed, output=output.value)


@command
def show(cluster: ClusterArgument, output: OutputOption = Output.TABLE) -> None:
    """Tell all about one cluster."""
    from basefly.cli.fleet import clusters as work

    work.show_one(cluster, output.value)


@command
def rename(cluster: ClusterArgument, name: Annotated[str, typer.Argument(help="Its new name.")]) -> None:
    """Give a cluster another name."""
    from basefly.cli.fleet import clusters as work

    work.change(cluster, {"name": name})


@command
def label(
    cluster: ClusterArgument,
    labels: Annotated[list[str], typer.Argument(metavar="KEY=VALUE...", help="KEY=VALUE sets, KEY- removes.")],
) -> None:
    """Set or remove labels of a cluster.

    \b
    Examples
      basefly clusters label east tier=gold team=payments
      basefly clusters label east team-
    """
    from basefly.cli.fleet import clusters as work

    work.label(cluster, labels)


@command
def relocate(
    cluster: ClusterArgument,
    region: Annotated[str | None, typer.Option("--region", help="Where it runs. Empty: as its nodes say.")] = None,
    provider: Annotated[str | None, typer.Option("--provider", help="Who runs it. Empty: as its nodes say.")] = None,
) -> None:
    """Correct the region or the provider of a cluster, which otherwise come from its nodes.

    \b
    Examples
      basefly clusters relocate east --region eu-west-1 --provider aws
    """
    from basefly.cli.exits import misuse
    from basefly.cli.fleet import clusters as work

    changes = {name: value for name, value in (("region", region), ("provider", provider)) if value is not None}
    if not changes:
        raise misuse("Nothing to change.", "Give --region, --provider, or both.")
    work.change(cluster, changes)


@command
def remove(cluster: ClusterArgument, yes: Yes = False) -> None:
    """Remove a cluster from the hub. The cluster itself is not touched, and `restore` brings it back."""
    from basefly.cli.fleet import clusters as work

    work.remove(cluster, yes=yes)


@command
def restore(cluster: ClusterArgument) -> None:
    """Bring a removed cluster back, with its history."""
    from basefly.cli.fleet import clusters as work

    work.restore(cluster)


@command
def manifest(profile: Annotated[Profile, typer.Argument(help="What the account may do.")] = Profile.VIEW) -> None:
    """Print the manifest of a service account for the hub, with the least rights that a profile needs.

    \b
      view      see everything but the values of secrets
      operate   besides: restart, scale, evict, cordon, read logs
      admin     everything

    \b
    Examples
      basefly clusters manifest view | kubectl --context east apply -f -
    """
    from basefly.cli import terminal
    from basefly.cli.fleet.connection import connect

    with connect() as hub:
        terminal.write(hub.text(f"/manifests/{profile.value}"))
