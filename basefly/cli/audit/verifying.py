"""Verify the chain of records: through the hub, with its progress, or in the database itself."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Protocol

from basefly.cli import terminal
from basefly.cli.exits import Failure
from basefly.cli.fleet.connection import connect


class Advance(Protocol):
    """Takes how far it is."""

    def __call__(self, seq: int, of: int) -> None: ...


def verify(*, as_json: bool) -> None:
    """Let the hub verify its record of the organization. Raises Failure when something is not as it was written."""
    verdict: dict[str, Any] = {}
    with connect() as hub, progress() as advance, hub.lines("/audit/verification", {}) as lines:
        for line in lines:
            told = json.loads(line)
            if told["kind"] == "progress":
                advance(told["seq"], told["of"])
            else:
                verdict = told
    if not verdict:
        raise Failure("The hub stopped before it had verified everything.", cure="Try again; its log says why.")
    tell(verdict, as_json=as_json)


def tell(verdict: dict[str, Any], *, as_json: bool = False) -> None:
    """Say what was found. Raises Failure unless all is well."""
    if as_json:
        terminal.write(json.dumps(verdict))
    elif verdict["ok"]:
        terminal.say(
            f"{verdict['records']} records proved, up to number {verdict['last']},"
            f" and {verdict['checkpoints']} signed checkpoints, in {verdict['seconds']:.1f} s."
        )
    if not verdict["ok"]:
        raise Failure(
            f"The record is not as it was written; it is proved up to number {verdict['proved']}.",
            cure="Keep everything as it is, and see docs/operations/audit.md.",
            notes=tuple(_told(finding) for finding in verdict["findings"]),
        )


@contextmanager
def progress() -> Iterator[Advance]:
    """A bar at a terminal, nothing elsewhere."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(stderr=True)
    columns = (TextColumn("Verifying"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("verify", total=None)

        def advance(seq: int, of: int) -> None:
            bar.update(task, completed=seq, total=of)

        yield advance


def _told(finding: dict[str, Any]) -> str:
    place = f"number {finding['seq']}" if finding["seq"] is not None else "no number"
    at = f", {finding['at']}" if finding["at"] else ""
    return f"{finding['fault']}: {place}{at}: {finding['detail']}"
