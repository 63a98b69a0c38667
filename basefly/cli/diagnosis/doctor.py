"""Looks at everything in turn and prints the findings as they come."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from basefly.cli import account, terminal
from basefly.cli.client import http
from basefly.cli.diagnosis import machine, remote
from basefly.cli.diagnosis.finding import Finding, State
from basefly.cli.exits import Exit
from basefly.cli.show import documents
from basefly.cli.signin.setup import folder
from basefly.cli.terminal import Colour, paint

_MARKS: dict[State, tuple[str, Colour]] = {
    "ok": ("✓", "green"),
    "warning": ("!", "yellow"),
    "wrong": ("✕", "red"),
    "unknown": ("?", "dim"),
}
WIDTH = 15  # of the names


def examine(data_dir: Path | None, *, as_json: bool) -> Exit:
    """Print every finding; ERROR if anything is wrong."""
    found = []
    for finding in _findings(data_dir):
        found.append(finding)
        if not as_json:
            _tell(finding)
    if as_json:
        terminal.write(documents.as_json({"findings": [finding._asdict() for finding in found]}))
    return Exit.ERROR if any(finding.state == "wrong" for finding in found) else Exit.OK


def _findings(data_dir: Path | None) -> Iterator[Finding]:
    """The hub first. This machine matters where the hub's data are on it, or would be."""
    answers = True
    for finding in remote.look():
        answers = answers and not (finding.name == "hub" and finding.state == "wrong")
        yield finding
    place = folder(data_dir)
    if data_dir or place.exists() or (not answers and http.is_loopback(account.current().url)):
        yield from machine.look(place)
    yield machine.kubeconfig()


def _tell(finding: Finding) -> None:
    mark, colour = _MARKS[finding.state]
    terminal.say(f"{paint(mark, colour)} {terminal.clean(finding.name):<{WIDTH}} {terminal.clean(finding.detail)}")
    if finding.cure and finding.state != "ok":
        terminal.say(f"  {'':<{WIDTH}} {paint('try:', 'cyan')} {terminal.clean(finding.cure)}")
    terminal.flush()
