"""Options that several commands share, and what completes them."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import Annotated, TypeVar

import typer

Command = TypeVar("Command", bound=Callable[..., None])
_SENTENCES: dict[Callable[..., None], str] = {}


def command(function: Command) -> Command:
    """Marks a command: its parameters are its options, and its first line tells it in the list of commands, whole."""
    _SENTENCES[function] = (function.__doc__ or "").partition("\n")[0]
    return function


def add(app: typer.Typer, *commands: Callable[..., None], name: str | None = None) -> None:
    """Add commands, under their own names unless one is given."""
    for each in commands:
        app.command(name, short_help=_SENTENCES[each])(each)


class Output(StrEnum):
    """How an answer is printed."""

    TABLE = "table"
    WIDE = "wide"
    JSON = "json"
    YAML = "yaml"
    NAME = "name"


class Listed(StrEnum):
    """How a list is printed."""

    TABLE = "table"
    WIDE = "wide"
    CSV = "csv"
    JSON = "json"
    YAML = "yaml"
    NAME = "name"


def cluster_names(incomplete: str) -> list[str]:
    """Names of clusters for the shell; none where the hub does not answer at once."""
    from basefly.cli.commands import completion

    return completion.clusters(incomplete)


def kind_names(incomplete: str) -> list[str]:
    """Names of kinds for the shell."""
    from basefly.cli.commands import completion

    return completion.kinds(incomplete)


def context_names(incomplete: str) -> list[str]:
    """Contexts of the kubeconfig for the shell."""
    from basefly.cli.commands import completion

    return completion.contexts(incomplete)


ClusterArgument = Annotated[
    str, typer.Argument(metavar="CLUSTER", help="Its name or id.", autocompletion=cluster_names)
]
Clusters = Annotated[
    list[str] | None,
    typer.Option(
        "--cluster",
        "-c",
        metavar="CLUSTER",
        help="Only this cluster, by name or id. Repeatable. Without it: all.",
        autocompletion=cluster_names,
    ),
]
Namespaces = Annotated[
    list[str] | None, typer.Option("--namespace", "-n", metavar="NAMESPACE", help="Only this namespace. Repeatable.")
]
AllNamespaces = Annotated[bool, typer.Option("--all-namespaces", "-A", help="Every namespace.")]
ListedOption = Annotated[Listed, typer.Option("--output", "-o", help="How to print.")]
OutputOption = Annotated[Output, typer.Option("--output", "-o", help="How to print.")]
NoHeaders = Annotated[bool, typer.Option("--no-headers", help="Without the line of headings.")]
Watch = Annotated[bool, typer.Option("--watch", "-w", help="Go on, with a line for each change, until Ctrl-C.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]
Email = Annotated[str, typer.Option("--email", help="Your e-mail address, if the hub has to ask again.")]
PasswordStdin = Annotated[bool, typer.Option("--password-stdin", help="Read your password from standard input.")]
Code = Annotated[
    str, typer.Option("--code", help="A code of your authenticator app, or a recovery code; asked for otherwise.")
]
KubeconfigOption = Annotated[
    Path | None,
    typer.Option("--kubeconfig", metavar="FILE", help="Instead of the files in KUBECONFIG, or ~/.kube/config."),
]
ExecTimeout = Annotated[
    float | None,
    typer.Option(
        "--exec-timeout",
        metavar="SECONDS",
        min=1,
        help="How long an exec plugin may take. [default: 60; 300 at a terminal]",
    ),
]
