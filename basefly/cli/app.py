"""`basefly`: the table of contents of the command line, and how every command ends."""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer

from basefly import __version__
from basefly.cli import terminal
from basefly.cli.commands import (
    access,
    agents,
    audit,
    clusters,
    doctor,
    gateway,
    govern,
    groups,
    hub,
    objects,
    registration,
    views,
)
from basefly.cli.commands.signin import account, session, tokens
from basefly.cli.exits import Exit, Failure

HELP = """
The control room for fleets of Kubernetes clusters.

Give your clusters to the hub once; then list, search and watch everything that runs in them, from here, from the
browser, or over the API.

\b
  basefly up                          start the hub on this machine
  basefly setup                       make the first owner
  basefly clusters register           give it the clusters of your kubeconfig
  basefly get pods -A                 every pod of every cluster
  basefly get deploy -A -l app=web    as with kubectl, over the whole fleet
"""
EPILOG = """
\b
Environment
  BASEFLY_URL      the hub (default: the one of the last login, else port BASEFLY_PORT or 8080 here)
  BASEFLY_TOKEN    an API token, instead of a login
  NO_COLOR         no colours
\b
Exit codes
  0  done                      4  you may not do this
  1  an error                  5  there is no such thing
  2  the command is wrong      6  the hub does not answer
  3  you are not signed in     7  done in part: some clusters did not answer, or were not taken
"""

app = typer.Typer(
    name="basefly",
    help=HELP,
    epilog=EPILOG,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
for room in (objects, groups, hub, session, doctor, gateway):
    room.add_to(app)
clusters.add_to(app)
agents.add_to(app)
registration.add_to(clusters.app)
tokens.add_to(app)
govern.add_to(app)
account.add_to(app)
views.add_to(app)
audit.add_to(app)
access.add_to(app)


def _version(asked: bool) -> None:
    if asked:
        terminal.say(f"basefly {__version__}")
        raise typer.Exit


@app.callback()
def root(
    url: Annotated[str, typer.Option("--url", metavar="URL", help="The hub to speak to, instead of BASEFLY_URL.")] = "",
    _asked: Annotated[
        bool, typer.Option("--version", help="Print the version and end.", callback=_version, is_eager=True)
    ] = False,
) -> None:
    """Options before the command."""
    if url:
        os.environ["BASEFLY_URL"] = url


def main() -> None:
    """Run a command; ends the process with its exit code and never with a traceback."""
    try:
        app(prog_name="basefly")
    except Failure as failure:
        terminal.tell(failure)
        sys.exit(failure.exit_code)
    except KeyboardInterrupt:
        sys.exit(Exit.INTERRUPTED)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # nobody reads on; say no more at the end
        sys.exit(Exit.ERROR)
    except Exception as error:  # the last resort: whatever it is, people get a sentence
        if os.environ.get("BASEFLY_DEBUG"):
            raise
        terminal.tell(unforeseen(error))
        sys.exit(Exit.ERROR)


def unforeseen(error: Exception) -> Failure:
    """A mistake of ours, or of the machine."""
    if isinstance(error, OSError) and error.strerror:
        return Failure(f"{error.strerror}: {error.filename}" if error.filename else error.strerror)
    return Failure(
        f"This should not have happened: {type(error).__name__} in basefly {__version__}.",
        cure="Run the command again with BASEFLY_DEBUG=1, and report what it prints.",
    )
