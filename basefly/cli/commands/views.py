"""Saved views of the console's lists."""

from __future__ import annotations

from typing import Annotated

import typer

from basefly.cli.commands.options import Output, OutputOption, Yes, add, command

app = typer.Typer(
    no_args_is_help=True,
    help="""Saved views: lists of the console under a name, yours and those shared in the organization.

    \b
    Examples
      basefly views list
      basefly views save "failing in prod" "/pods?set=env=prod&health=bad" --shared
      basefly views delete "failing in prod"
    """,
)

Name = Annotated[str, typer.Argument(help="Its name or id.")]


def add_to(parent: typer.Typer) -> None:
    """Add the group to `basefly`."""
    add(app, list_views, name="list")
    add(app, save, rename, share, unshare, prefer, delete)
    parent.add_typer(app, name="views")


@command
def list_views(output: OutputOption = Output.TABLE) -> None:
    """List saved views, yours first."""
    from basefly.cli.fleet import views as work

    work.show(output.value)


@command
def save(
    name: Annotated[str, typer.Argument(help="What to call it.")],
    address: Annotated[str, typer.Argument(help="The list's address, from its path on: /pods?health=bad.")],
    shared: Annotated[bool, typer.Option("--shared", help="For the whole organization.")] = False,
) -> None:
    """Save the address of a list under a name."""
    from basefly.cli.fleet import views as work

    work.save(name, address, shared=shared)


@command
def rename(name: Name, to: Annotated[str, typer.Argument(help="The new name.")]) -> None:
    """Give a view of yours another name."""
    from basefly.cli.fleet import views as work

    work.change(name, {"name": to})


@command
def share(name: Name) -> None:
    """Share a view of yours with the organization."""
    from basefly.cli.fleet import views as work

    work.change(name, {"shared": True})


@command
def unshare(name: Name) -> None:
    """Keep a view of yours to yourself again."""
    from basefly.cli.fleet import views as work

    work.change(name, {"shared": False})


@command
def prefer(name: Name, off: Annotated[bool, typer.Option("--off", help="No longer.")] = False) -> None:
    """Let the console's list open with this view."""
    from basefly.cli.fleet import views as work

    work.change(name, {"default": not off})


@command
def delete(name: Name, yes: Yes = False) -> None:
    """Delete a view of yours; a shared one is gone for everybody."""
    from basefly.cli.fleet import views as work

    work.delete(name, yes=yes)
