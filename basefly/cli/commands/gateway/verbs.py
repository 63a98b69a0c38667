"""Labels, annotations, cron jobs run now, and the way back to a revision."""

from __future__ import annotations

from typing import Annotated

import typer

from basefly.cli.commands.gateway.acting import Namespace, Objects
from basefly.cli.commands.options import Clusters, Yes, add, command

Words = Annotated[
    list[str],
    typer.Argument(metavar="OBJECT|KEY=VALUE|KEY-", help="Objects, then what is set and what is removed."),
]


def add_to(parent: typer.Typer) -> None:
    """Add the commands to `basefly`."""
    add(parent, label, annotate, trigger, revisions, rollback)


@command
def label(words: Words, clusters: Clusters = None, namespace: Namespace = "") -> None:
    """Set and remove labels of objects.

    \b
    Example
      basefly label deploy/web env=prod team- -n shop -c prod-eu -c prod-us
    """
    from basefly.cli.editing import verbs as work

    work.mark("label", words, (clusters or [], namespace))


@command
def annotate(words: Words, clusters: Clusters = None, namespace: Namespace = "") -> None:
    """Set and remove annotations of objects.

    \b
    Example
      basefly annotate deploy/web 'example.com/why=the new release' -n shop -c prod-eu
    """
    from basefly.cli.editing import verbs as work

    work.mark("annotate", words, (clusters or [], namespace))


@command
def trigger(objects: Objects, clusters: Clusters = None, namespace: Namespace = "") -> None:
    """Run cron jobs now: a job of their template each, as `kubectl create job --from` makes it.

    \b
    Example
      basefly trigger cronjob/nightly -n shop -c prod-eu
    """
    from basefly.cli.gateway import verbs as work

    work.do("trigger", objects, (clusters or [], namespace))


@command
def revisions(objects: Objects, clusters: Clusters = None, namespace: Namespace = "") -> None:
    """List what workloads were before, and how each revision differs from what they are now.

    \b
    Example
      basefly revisions deploy/web -n shop -c prod-eu
    """
    from basefly.cli.editing import verbs as work

    work.show(objects, (clusters or [], namespace))


@command
def rollback(
    objects: Objects,
    clusters: Clusters = None,
    namespace: Namespace = "",
    revision: Annotated[
        int | None, typer.Option("--to-revision", metavar="N", min=1, help="Not to the one before the present.")
    ] = None,
    yes: Yes = False,
) -> None:
    """Roll workloads back to the revision before their present one; shows the difference and asks.

    \b
    Examples
      basefly rollback deploy/web -n shop -c prod-eu
      basefly rollback deploy/web -n shop -c prod-eu --to-revision 3 --yes
    """
    from basefly.cli.editing import verbs as work

    work.rollback(objects, (clusters or [], namespace), revision, yes=yes)
