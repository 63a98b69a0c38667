"""Into pods: commands, debug containers, and ports."""

from __future__ import annotations

from typing import Annotated

import typer

from basefly.cli.commands.options import Clusters, add, command

Pod = Annotated[str, typer.Argument(metavar="POD", help="Its name, or as `get -o name` prints it.")]
Namespace = Annotated[str, typer.Option("--namespace", "-n", metavar="NAMESPACE", help="Its namespace: default.")]
Words = Annotated[list[str] | None, typer.Argument(metavar="COMMAND", help="The command, after two dashes.")]


def add_to(app: typer.Typer) -> None:
    """Add the commands to `basefly`."""
    add(app, debug)
    add(app, execute, name="exec")
    add(app, port_forward, name="port-forward")


@command
def execute(
    pod: Pod,
    words: Words = None,
    clusters: Clusters = None,
    namespace: Namespace = "",
    container: Annotated[str, typer.Option("--container", metavar="NAME", help="The first, unless given.")] = "",
    stdin: Annotated[bool, typer.Option("--stdin", "-i", help="Pass on what is typed or piped in.")] = False,
    tty: Annotated[bool, typer.Option("--tty", "-t", help="At a terminal, with keys and size.")] = False,
) -> None:
    """Run a command in a container; its exit code is ours.

    \b
    Examples
      basefly exec web-1 -n shop -c prod-eu -- ls /
      basefly exec prod-eu:shop/pod/web-1 -it -- sh
    """
    from basefly.cli.gateway import inside as work

    raise typer.Exit(work.execute(pod, (clusters or [], namespace), container, words or [], stdin=stdin, tty=tty))


@command
def debug(
    pod: Pod,
    words: Words = None,
    clusters: Clusters = None,
    namespace: Namespace = "",
    image: Annotated[str, typer.Option("--image", metavar="IMAGE", help="What it is made of.")] = "busybox:1.37",
    target: Annotated[str, typer.Option("--target", metavar="NAME", help="See the processes of this container.")] = "",
) -> None:
    """Start a debug container beside those of a pod, and attach to it.

    \b
    Example
      basefly debug web-1 -n shop -c prod-eu --image busybox:1.37 --target app
    """
    from basefly.cli.gateway import inside as work

    raise typer.Exit(work.debug(pod, (clusters or [], namespace), image, target, words or []))


@command
def port_forward(
    target: Annotated[str, typer.Argument(metavar="POD", help="pod/web-1, or svc/web for a pod behind it.")],
    ports: Annotated[list[str], typer.Argument(metavar="PORT", help="8080, HERE:THERE, or :THERE for any free one.")],
    clusters: Clusters = None,
    namespace: Namespace = "",
    address: Annotated[str, typer.Option("--address", metavar="ADDRESS", help="Listen at this one.")] = "127.0.0.1",
) -> None:
    """Forward ports of this machine to a pod, until Ctrl-C.

    \b
    Example
      basefly port-forward svc/web 8080:80 -n shop -c prod-eu
    """
    from basefly.cli.gateway import forward as work

    work.run(target, (clusters or [], namespace), ports, address)
