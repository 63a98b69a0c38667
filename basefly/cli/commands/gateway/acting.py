"""kubectl through the hub."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from basefly.cli.commands.options import AllNamespaces, Clusters, Yes, add, cluster_names, command

Objects = Annotated[
    list[str], typer.Argument(metavar="OBJECT", help="As `get -o name` prints it, or as for kubectl: deploy/web.")
]
Nodes = Annotated[list[str], typer.Argument(metavar="NODE", help="By name.")]
Namespace = Annotated[str, typer.Option("--namespace", "-n", metavar="NAMESPACE", help="Its namespace: default.")]


def add_to(app: typer.Typer) -> None:
    """Add the commands to `basefly`."""
    add(app, kubeconfig)
    add(app, logs, restart, scale, delete, pause, resume, cordon, uncordon, suspend, unsuspend)
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


@command
def logs(
    objects: Annotated[
        list[str] | None,
        typer.Argument(metavar="OBJECT", help="As `get -o name` prints it, or as for kubectl: deploy/web."),
    ] = None,
    clusters: Clusters = None,
    namespace: Namespace = "",
    selector: Annotated[
        str, typer.Option("--selector", "-l", metavar="SELECTOR", help="Instead of an object: labels, app=web.")
    ] = "",
    all_clusters: Annotated[bool, typer.Option("--all-clusters", help="With -l: of every cluster.")] = False,
    all_namespaces: AllNamespaces = False,
    container: Annotated[str, typer.Option("--container", metavar="NAME", help="Only containers of this name.")] = "",
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on until Ctrl-C.")] = False,
    previous: Annotated[bool, typer.Option("--previous", "-p", help="Of the container before its restart.")] = False,
    timestamps: Annotated[bool, typer.Option("--timestamps", help="The moment before each line.")] = False,
    tail: Annotated[int, typer.Option("--tail", metavar="N", min=0, help="The last so many lines of each.")] = 500,
) -> None:
    """Print what the containers of a pod, of all pods of a workload, or of pods with some labels say.

    The lines of several come in the order of time; before each stands whose it is, with the cluster and the namespace
    where there are several.

    \b
    Examples
      basefly logs pod/web-1 -n shop -c prod-eu
      basefly logs deploy/web -n shop -c prod-eu -f
      basefly logs -l app=web -n shop -c prod-eu -c prod-us
      basefly logs -l app=web -A --all-clusters -f
    """
    from basefly.cli.gateway import logs as work

    params = {"follow": follow, "previous": previous, "timestamps": timestamps, "tail": tail, "container": container}
    if selector:
        everywhere = {"clusters": all_clusters, "namespaces": all_namespaces}
        work.show_selected(selector, objects, (clusters or [], namespace), params, everywhere)
    else:
        work.show(objects or [], clusters or [], namespace, params)


@command
def restart(objects: Objects, clusters: Clusters = None, namespace: Namespace = "") -> None:
    """Replace the pods of workloads by new ones, a few at a time.

    \b
    Example
      basefly restart deploy/web -n shop -c prod-eu -c prod-us
    """
    _do("restart", objects, (clusters or [], namespace))


@command
def scale(
    objects: Objects,
    replicas: Annotated[int, typer.Option("--replicas", metavar="N", min=0, help="How many pods there shall be.")],
    clusters: Clusters = None,
    namespace: Namespace = "",
) -> None:
    """Set how many pods workloads have.

    \b
    Example
      basefly scale deploy/web -n shop -c prod-eu --replicas 5
    """
    _do("scale", objects, (clusters or [], namespace), replicas=replicas)


@command
def delete(
    objects: Objects,
    clusters: Clusters = None,
    namespace: Namespace = "",
    cascade: Annotated[
        str, typer.Option("--cascade", help="What it owns goes background, foreground, or stays: orphan.")
    ] = "background",
    grace: Annotated[
        int | None, typer.Option("--grace-period", metavar="SECONDS", min=0, help="How long pods may take to end.")
    ] = None,
    yes: Yes = False,
) -> None:
    """Delete objects.

    \b
    Example
      basefly delete pod/web-1 -n shop -c prod-eu
    """
    _do("delete", objects, (clusters or [], namespace), yes=yes, propagation=cascade, grace=grace)


@command
def pause(objects: Objects, clusters: Clusters = None, namespace: Namespace = "") -> None:
    """Pause the rollout of deployments."""
    _do("pause", objects, (clusters or [], namespace))


@command
def resume(objects: Objects, clusters: Clusters = None, namespace: Namespace = "") -> None:
    """Resume the rollout of deployments."""
    _do("resume", objects, (clusters or [], namespace))


@command
def cordon(nodes: Nodes, clusters: Clusters = None) -> None:
    """Let no new pods come to nodes."""
    _do("cordon", _nodes(nodes), (clusters or [], ""))


@command
def uncordon(nodes: Nodes, clusters: Clusters = None) -> None:
    """Let new pods come to nodes again."""
    _do("uncordon", _nodes(nodes), (clusters or [], ""))


@command
def suspend(objects: Objects, clusters: Clusters = None, namespace: Namespace = "") -> None:
    """Suspend cron jobs and jobs."""
    _do("suspend", objects, (clusters or [], namespace))


@command
def unsuspend(objects: Objects, clusters: Clusters = None, namespace: Namespace = "") -> None:
    """Let suspended cron jobs and jobs go on."""
    _do("unsuspend", objects, (clusters or [], namespace))


def _do(verb: str, objects: list[str], places: tuple[list[str], str], *, yes: bool = True, **needs: object) -> None:
    from basefly.cli.gateway import verbs as work

    work.do(verb, objects, places, yes=yes, **needs)


def _nodes(words: list[str]) -> list[str]:
    """Names of nodes as objects; what is an object already stays one."""
    return [word if "/" in word else f"node/{word}" for word in words]
