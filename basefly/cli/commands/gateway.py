"""kubectl through the hub."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from basefly.cli.commands.options import add, cluster_names, command


def add_to(app: typer.Typer) -> None:
    """Add the commands to `basefly`."""
    add(app, kubeconfig)
    add(app, manifest, name="kubeconfig-manifest")
    app.command("kubeconfig-credential", hidden=True)(credential)


@command
def kubeconfig(
    names: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[CLUSTER]...", help="By name or id. Without any: all that you see.", autocompletion=cluster_names
        ),
    ] = None,
    write: Annotated[bool, typer.Option("--write", help="Merge it into KUBECONFIG or ~/.kube/config.")] = False,
    file: Annotated[Path | None, typer.Option("--file", metavar="FILE", help="Merge it into this file.")] = None,
    token: Annotated[
        bool,
        typer.Option("--token", help="Write the API token in use into it, for machines that have no basefly."),
    ] = False,
) -> None:
    """Write a kubeconfig whose contexts lead through the hub.

    kubectl, helm, k9s and every other client then reach each cluster under your own name, with what your roles and the
    cluster's own RBAC allow. The kubeconfig holds no secret: kubectl asks basefly for a credential, which is good for a
    quarter of an hour.

    \b
    Examples
      basefly kubeconfig --write
      kubectl --context basefly-prod-eu get pods -A
      basefly kubeconfig prod-eu > prod-eu.yaml
      BASEFLY_TOKEN=basefly_… basefly kubeconfig prod-eu --token > ci.yaml
    """
    from basefly.cli.gateway import kubeconfig as work

    if write or file:
        work.merge(names or [], file, token=token)
    else:
        work.show(names or [], token=token)


@command
def manifest() -> None:
    """Print what a cluster needs to let people through the hub.

    \b
    Example
      basefly kubeconfig-manifest | kubectl apply -f -
    """
    from basefly.cli.gateway import kubeconfig as work

    work.manifest()


def credential(cluster: Annotated[str, typer.Argument(help="Its id.")]) -> None:
    """Print a credential for a cluster, as kubectl asks for it."""
    from basefly.cli.gateway import credential as work

    work.show(cluster)
