"""Why one may, why not, and who may."""

from __future__ import annotations

from typing import Annotated

import typer

from basefly.cli.commands.options import Listed, ListedOption, Output, OutputOption, add, cluster_names, command

app = typer.Typer(
    no_args_is_help=True,
    help="""Rights, explained: the grant that gives it, or what is missing and who can give it.

    \b
    Examples
      basefly access why clusters:write --cluster prod-eu
      basefly access why inventory:read --member kim@example.com -n shop --cluster prod-eu
      basefly access who audit:read
      basefly access review -o csv > review.csv
    """,
)

Permission = Annotated[str, typer.Argument(metavar="PERMISSION", help="As `basefly roles permissions` lists them.")]
Cluster = Annotated[
    str,
    typer.Option("--cluster", "-c", metavar="CLUSTER", help="On this cluster.", autocompletion=cluster_names),
]
Namespace = Annotated[str, typer.Option("--namespace", "-n", metavar="NAMESPACE", help="In this namespace of it.")]


def add_to(parent: typer.Typer) -> None:
    """Add the group to `basefly`."""
    add(app, why, who, review)
    parent.add_typer(app, name="access")


@command
def why(
    permission: Permission,
    cluster: Cluster = "",
    namespace: Namespace = "",
    member: Annotated[str, typer.Option("--member", metavar="MEMBER", help="Somebody else.")] = "",
    output: OutputOption = Output.TABLE,
) -> None:
    """Say whether you may do something, and why or why not. Exit code 4 if not."""
    from basefly.cli.access import reasons as work

    work.why(permission, cluster, namespace, member, output=output.value)


@command
def who(
    permission: Permission, cluster: Cluster = "", namespace: Namespace = "", output: OutputOption = Output.TABLE
) -> None:
    """List who may do something, and by which grant."""
    from basefly.cli.access import reasons as work

    work.who(permission, cluster, namespace, output.value)


@command
def review(output: ListedOption = Listed.TABLE) -> None:
    """List who has what: since when, by whom, through whom, until when."""
    from basefly.cli.access import reasons as work

    work.review(output.value)
