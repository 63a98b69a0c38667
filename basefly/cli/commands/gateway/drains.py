"""Nodes emptied, and what became of it."""

from __future__ import annotations

from typing import Annotated

import typer

from basefly.cli.commands.options import Clusters, Output, OutputOption, add, command

Drain = Annotated[str, typer.Argument(metavar="DRAIN", help="Its id, as `basefly drains` lists it.")]
Wait = Annotated[bool, typer.Option("--wait/--no-wait", help="Follow it to its end; Ctrl-C leaves it running.")]


def add_to(app: typer.Typer) -> None:
    """Add the commands to `basefly`."""
    add(app, drain, drains)
    add(app, cancel, name="cancel-drain")
    add(app, resume, name="resume-drain")


@command
def drain(
    nodes: Annotated[list[str], typer.Argument(metavar="NODE", help="By name.")],
    clusters: Clusters = None,
    force: Annotated[bool, typer.Option("--force", help="Evict pods too that no controller starts again.")] = False,
    emptydir: Annotated[
        bool, typer.Option("--delete-emptydir-data", help="Evict pods too that lose data in an emptyDir.")
    ] = False,
    grace: Annotated[
        int | None, typer.Option("--grace-period", metavar="SECONDS", min=0, help="How long pods may take to end.")
    ] = None,
    limit: Annotated[
        int, typer.Option("--timeout", metavar="SECONDS", min=10, max=86_400, help="For each node; then it stops.")
    ] = 3600,
    at_once: Annotated[
        int, typer.Option("--at-once", metavar="N", min=1, max=20, help="Nodes that are drained side by side.")
    ] = 1,
    uncordon: Annotated[
        bool, typer.Option("--uncordon-on-cancel", help="Cancelling it lets pods come to the nodes again.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only tell what would happen to each pod.")] = False,
    wait: Wait = True,
) -> None:
    """Empty nodes: cordon them and evict their pods, as their disruption budgets allow.

    The hub does it, and goes on when you stop watching. Pods of daemon sets, static pods and pods that are over stay.

    \b
    Examples
      basefly drain node-7 -c prod-eu
      basefly drain node-7 node-8 -c prod-eu --dry-run
      basefly drain node-7 -c prod-eu --delete-emptydir-data --timeout 600 --no-wait
    """
    from basefly.cli.gateway import drains as work

    words = {"force": force, "delete_emptydir_data": emptydir}
    cluster = work.one(clusters or [])
    if dry_run:
        work.plan(nodes, cluster, words)
        return
    options = {**words, "grace": grace, "timeout": limit, "at_once": at_once, "uncordon_on_cancel": uncordon}
    work.start(nodes, cluster, options, wait=wait)


@command
def drains(
    cluster: Annotated[str, typer.Option("--cluster", "-c", metavar="CLUSTER", help="Only of this one.")] = "",
    follow: Annotated[str, typer.Option("--follow", metavar="DRAIN", help="Follow this one to its end.")] = "",
    output: OutputOption = Output.TABLE,
) -> None:
    """List drains, the newest first, or follow one."""
    from basefly.cli.gateway import drains as work

    if follow:
        work.follow(follow)
    else:
        work.show_all(cluster, output.value)


@command
def cancel(drain: Drain, wait: Wait = True) -> None:
    """Cancel a drain: no further pod is evicted."""
    from basefly.cli.gateway import drains as work

    work.cancel(drain, wait=wait)


@command
def resume(drain: Drain, wait: Wait = True) -> None:
    """Let a drain go on that stopped, under your name."""
    from basefly.cli.gateway import drains as work

    work.resume(drain, wait=wait)
