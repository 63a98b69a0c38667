"""The hub itself: start it, make its first owner; completion for the shell, and the version."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from basefly.cli.commands.options import Output, OutputOption, add, command


class Shell(StrEnum):
    """The shells that can complete commands."""

    BASH = "bash"
    ZSH = "zsh"
    FISH = "fish"
    POWERSHELL = "powershell"


DataDir = Annotated[
    Path | None,
    typer.Option("--data-dir", metavar="FOLDER", help="Where the hub keeps its data. [env: BASEFLY_DATA_DIR]"),
]
Port = Annotated[
    int | None, typer.Option("--port", min=1, max=65535, help="Where to listen. [env: BASEFLY_PORT; default: 8080]")
]
Host = Annotated[
    str,
    typer.Option("--host", metavar="ADDRESS", help="[env: BASEFLY_HOST; default: 127.0.0.1, this machine only]"),
]


def add_to(app: typer.Typer) -> None:
    """Add the commands to `basefly`."""
    add(app, up, serve, processes, demo, setup, rotate_key, completion, version)
    add(app, reset_link, name="reset-link")


@command
def up(
    port: Port = None,
    host: Host = "",
    data_dir: DataDir = None,
) -> None:
    """Start the hub, and run it until Ctrl-C.

    It brings its own PostgreSQL unless BASEFLY_DATABASE_URL names one. The first start prints a link that makes the
    first owner; `basefly setup` does the same in a terminal. All settings: docs/operations/configuration.md.

    \b
    Examples
      basefly up
      basefly up --port 9000 --data-dir /srv/basefly
      BASEFLY_DATABASE_URL=postgresql://basefly@db/basefly basefly up
    """
    from basefly.cli import server

    given = {
        "BASEFLY_PORT": str(port or ""),
        "BASEFLY_HOST": host,
        "BASEFLY_DATA_DIR": str(data_dir.expanduser().absolute()) if data_dir else "",
    }
    server.up({name: value for name, value in given.items() if value})


@command
def serve(
    role: Annotated[
        list[str] | None,
        typer.Option("--role", help="web, sync, worker or gateway; repeatable, or with commas. [env: BASEFLY_ROLE]"),
    ] = None,
    region: Annotated[
        list[str] | None,
        typer.Option(
            "--region", help="For sync: follow clusters of this region alone; repeatable. [env: BASEFLY_REGION]"
        ),
    ] = None,
    port: Port = None,
    health_port: Annotated[
        int | None,
        typer.Option(
            "--health-port", min=1, max=65535, help="Without web: where it says how it is. [env: BASEFLY_HEALTH_PORT]"
        ),
    ] = None,
    host: Host = "",
    data_dir: DataDir = None,
) -> None:
    """Run some roles of the hub in this process, any number of processes over one PostgreSQL.

    \b
      web      pages, API, and the agents that dial in
      sync     follows the clusters; those that run share them out among themselves
      worker   what happens in time: drains, mail, the audit's chain, retention
      gateway  where kubectl speaks to clusters through the hub

    They meet in the database of BASEFLY_DATABASE_URL, or in the one that `basefly up` runs in the same data folder.
    See docs/operations/processes.md.

    \b
    Examples
      basefly serve --role web,gateway
      basefly serve --role sync --region eu-central-1
      basefly serve --role sync --data-dir /srv/basefly      beside a `basefly up` that has much to do
    """
    from basefly.cli import server

    given = {
        "BASEFLY_ROLE": ",".join(role or ()),
        "BASEFLY_REGION": ",".join(region or ()),
        "BASEFLY_PORT": str(port or ""),
        "BASEFLY_HEALTH_PORT": str(health_port or ""),
        "BASEFLY_HOST": host,
        "BASEFLY_DATA_DIR": str(data_dir.expanduser().absolute()) if data_dir else "",
    }
    server.apart({name: value for name, value in given.items() if value})


@command
def processes(output: OutputOption = Output.TABLE) -> None:
    """List the processes that run the hub, how many of your clusters each follows, and clusters that none follows.

    \b
    Examples
      basefly processes
      basefly processes -o json
    """
    from basefly.cli.diagnosis import processes as work

    work.show(output.value)


@command
def rotate_key(data_dir: DataDir = None) -> None:
    """Replace the key that seals the clusters' credentials, with the hub stopped. Interrupted, it is run again.

    A key in the data folder is replaced by a new one. Where BASEFLY_ENCRYPTION_KEY is set, put the present key into
    BASEFLY_ENCRYPTION_KEY_PREVIOUS and a new one into BASEFLY_ENCRYPTION_KEY first.

    \b
    Examples
      basefly rotate-key
      basefly rotate-key --data-dir /srv/basefly
    """
    from basefly.cli import server

    server.rotate_key({"BASEFLY_DATA_DIR": str(data_dir.expanduser().absolute())} if data_dir else {})


@command
def demo(
    port: Annotated[
        int, typer.Option("--port", min=1, max=65535, envvar="BASEFLY_PORT", help="Where the hub listens.")
    ] = 8080,
) -> None:
    """Show what a fleet looks like: a hub with twelve simulated clusters, until Ctrl-C.

    Four regions, eight teams, 1,360 pods; deployments roll, pods crash, nodes and zones are lost. Nothing is needed,
    and nothing is left behind: its database lives in a folder of the data folder that goes with it.

    \b
    Examples
      basefly demo
      basefly demo --port 9000
    """
    from basefly.cli import demo as work

    work.run(port)


@command
def setup(
    link: Annotated[
        str, typer.Option("--link", metavar="LINK", help="The one-time link. [default: read from the data folder]")
    ] = "",
    email: Annotated[str, typer.Option("--email", help="Your e-mail address.")] = "",
    name: Annotated[str, typer.Option("--name", help="Your name.")] = "",
    organization: Annotated[str, typer.Option("--organization", help="What your organization is called.")] = "",
    password_stdin: Annotated[
        bool, typer.Option("--password-stdin", help="Read the password from standard input.")
    ] = False,
    data_dir: DataDir = None,
) -> None:
    """Make the first owner of a new hub, and sign in as them.

    Asks for whatever is not given. The hub must be running; the link that it printed works once. On the hub's own
    machine the link is found by itself.

    \b
    Examples
      basefly setup
      basefly setup --link 'http://127.0.0.1:8080/setup#…'
      pass basefly | basefly setup --email me@example.com --name Me --organization Us --password-stdin
    """
    from basefly.cli.signin import setup as work

    work.set_up(
        work.Wish(link=link, email=email, name=name, organization=organization, password_stdin=password_stdin), data_dir
    )


@command
def completion(shell: Annotated[Shell, typer.Argument(help="The shell to complete in.")]) -> None:
    """Print a script that completes commands, clusters, kinds and contexts with Tab.

    \b
    Examples
      basefly completion bash >> ~/.bashrc
      basefly completion zsh  >> ~/.zshrc
      basefly completion fish > ~/.config/fish/completions/basefly.fish
    """
    from typer._completion_shared import get_completion_script  # what --show-completion prints, for any shell

    from basefly.cli import terminal

    terminal.write(get_completion_script(prog_name="basefly", complete_var="_BASEFLY_COMPLETE", shell=shell.value))


@command
def version() -> None:
    """Print the versions of this command and of the hub."""
    from basefly.cli.signin import versions

    versions.tell()


@command
def reset_link(
    email: Annotated[str, typer.Argument(help="The person's e-mail address.")], data_dir: DataDir = None
) -> None:
    """Make a link that sets someone's password anew. Runs on the hub's own machine, beside the hub.

    For hubs that send no mail. The link is good once, for an hour; whoever has a second factor still needs it.

    \b
    Examples
      basefly reset-link mia@example.com
      sudo -u basefly basefly reset-link mia@example.com --data-dir /srv/basefly
    """
    from basefly.cli import server

    given = {"BASEFLY_DATA_DIR": str(data_dir.expanduser().absolute())} if data_dir else {}
    server.reset_link(email, given)
