"""The record of what was done."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from basefly.cli.commands.options import Output, OutputOption, Yes, add, command

app = typer.Typer(
    no_args_is_help=True,
    help="""The record of what was done: list it, take it along, and verify that nobody changed it.

    \b
    Examples
      basefly audit list --act cluster --since 2026-01-01T00:00:00Z
      basefly audit history production-eu
      basefly audit export --format csv --file audit.csv
      basefly audit verify
    """,
)


streams = typer.Typer(
    no_args_is_help=True,
    help="""Where records are sent as they are chained: webhooks and syslog servers.

    \b
    Examples
      basefly audit streams create siem webhook https://siem.example.com/basefly
      basefly audit streams create logs syslog tls://logs.example.com:6514
      basefly audit streams list
    """,
)


class Form(StrEnum):
    """How records are written to a file."""

    JSONL = "jsonl"
    CSV = "csv"


class Receiver(StrEnum):
    """What records are sent to."""

    WEBHOOK = "webhook"
    SYSLOG = "syslog"


Act = Annotated[str, typer.Option("--act", help="An act (cluster.registered), or its thing (cluster).")]
Object = Annotated[str, typer.Option("--object", help="A path (clusters/ID), or the beginning of one.")]
Actor = Annotated[str, typer.Option("--actor", metavar="ID", help="Whoever acted, by their id.")]
Outcome = Annotated[str, typer.Option("--outcome", help="started, done, failed or refused.")]
Since = Annotated[str, typer.Option("--since", metavar="TIME", help="From this time on (RFC 3339).")]
Until = Annotated[str, typer.Option("--until", metavar="TIME", help="Before this time (RFC 3339).")]
Limit = Annotated[int, typer.Option("--limit", min=1, max=100_000, help="At most so many.")]


def add_to(parent: typer.Typer) -> None:
    """Add the group to `basefly`."""
    add(app, list_records, name="list")
    add(app, history, export, verify)
    add(app, retention)
    add(app, rotate_key, name="rotate-key")
    add(streams, list_streams, name="list")
    add(streams, create, resume, end)
    app.add_typer(streams, name="streams")
    parent.add_typer(app, name="audit")


@command
def list_records(
    act: Act = "",
    object_: Object = "",
    actor: Actor = "",
    outcome: Outcome = "",
    since: Since = "",
    until: Until = "",
    limit: Limit = 50,
    output: OutputOption = Output.TABLE,
) -> None:
    """List records, newest first."""
    from basefly.cli.audit import reading as work

    given = {"act": act, "object": object_, "actor": actor, "outcome": outcome, "since": since, "until": until}
    work.show(given, limit=limit, output=output.value)


@command
def history(
    thing: Annotated[str, typer.Argument(metavar="THING", help="A path (members/ID), or a cluster's name.")],
    limit: Limit = 50,
    output: OutputOption = Output.TABLE,
) -> None:
    """Show what was done to one thing."""
    from basefly.cli.audit import reading as work

    work.history(thing, limit=limit, output=output.value)


@command
def export(
    form: Annotated[Form, typer.Option("--format", help="One record a line, or a table.")] = Form.JSONL,
    file: Annotated[Path | None, typer.Option("--file", "-f", help="Where to; stdout otherwise.")] = None,
    act: Act = "",
    object_: Object = "",
    actor: Actor = "",
    outcome: Outcome = "",
    since: Since = "",
    until: Until = "",
) -> None:
    """Take records along as JSON Lines or CSV."""
    from basefly.cli.audit import reading as work

    given = {"act": act, "object": object_, "actor": actor, "outcome": outcome, "since": since, "until": until}
    work.export(given, form.value, file)


@command
def verify(
    offline: Annotated[
        bool,
        typer.Option(
            "--database",
            help="Not through the hub: in the database and data folder of this machine, every organization.",
        ),
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="All that was found, as JSON.")] = False,
) -> None:
    """Verify that no record was changed, taken, put in or moved.

    Every record is hashed anew, every link of the chain is followed, and both are held against what was signed outside
    the database. With --database the hub need not run; the settings are those of `basefly up`.
    """
    if offline:
        from basefly.cli import server

        server.verify_audit(as_json=as_json)
        return
    from basefly.cli.audit import verifying as work

    work.verify(as_json=as_json)


@command
def rotate_key() -> None:
    """Sign checkpoints with a new key from now on.

    On the hub's machine, with the settings of `basefly up`. What the old key signed stays verifiable; the hub takes the
    new key by itself.
    """
    from basefly.cli import server

    server.rotate_audit_key()


@command
def retention(
    days: Annotated[
        str, typer.Argument(metavar="DAYS", help="At least 30, or `forever`; without it: what is set.")
    ] = "",
) -> None:
    """Say or decide how many days records are kept. Whole months go once all of one is older."""
    from basefly.cli.audit import keeping as work

    work.retention(days)


@command
def list_streams(output: OutputOption = Output.TABLE) -> None:
    """List streams, with how far behind each is."""
    from basefly.cli.audit import keeping as work

    work.show(output.value)


@command
def create(
    name: Annotated[str, typer.Argument(help="What to call it.")],
    kind: Annotated[Receiver, typer.Argument(help="What it sends to.")],
    address: Annotated[str, typer.Argument(help="https://…, tls://host:port or tcp://host:port.")],
) -> None:
    """Send records on from now. The secret that signs what a webhook gets goes to stdout, this once."""
    from basefly.cli.audit import keeping as work

    work.create(name, kind.value, address)


@command
def resume(name: Annotated[str, typer.Argument(help="Its name or id.")]) -> None:
    """Let a stream that stands still go on from there."""
    from basefly.cli.audit import keeping as work

    work.resume(name)


@command
def end(name: Annotated[str, typer.Argument(help="Its name or id.")], yes: Yes = False) -> None:
    """End a stream."""
    from basefly.cli.audit import keeping as work

    work.end(name, yes=yes)
