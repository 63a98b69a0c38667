"""What came of each context, and how it is told: a line each on stdout, the reasons and cures on stderr."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from basefly.cli import terminal
from basefly.cli.exits import Exit, Failure
from basefly.cli.kubeconfig.resolving import Resolved
from basefly.cli.show import values
from basefly.cli.show.table import Cell, Table
from basefly.cli.terminal import Colour, clean, paint

SOON = timedelta(days=30)  # credentials that end before are worth a word
_COLOURS: dict[str, Colour] = {"registered": "green", "ready": "green", "already there": "dim", "refused": "red"}

Result = Literal["registered", "ready", "already there", "refused"]


@dataclass(frozen=True)
class Outcome:
    """One context: what came of it, and the cluster or the report from the hub, or why not."""

    context: str
    result: Result
    answer: dict[str, Any] = field(default_factory=dict)
    resolved: Resolved | None = None
    failure: Failure | None = None


def tell(outcomes: Sequence[Outcome], *, profile: str = "") -> Exit:
    """Print the results; PARTIAL if some contexts were not taken, ERROR if none was."""
    table = Table(["context", "result", "cluster", "version", "server"])
    for line in table.draw(_row(outcome) for outcome in outcomes):
        terminal.say(line)
    for outcome in outcomes:
        if outcome.failure and outcome.result == "refused":
            terminal.tell(_with_context(outcome.failure, outcome.context))
        elif outcome.resolved and not profile:
            _warn_of_end(
                outcome.resolved, registered=outcome.answer.get("name", "") if outcome.result == "registered" else ""
            )
        _tell_missing(outcome)
    refused = sum(outcome.result == "refused" for outcome in outcomes)
    if not refused:
        return Exit.OK
    return Exit.ERROR if refused == len(outcomes) else Exit.PARTIAL


def _row(outcome: Outcome) -> list[Cell | str]:
    answer, resolved = outcome.answer, outcome.resolved
    return [
        clean(outcome.context),
        Cell(outcome.result, _COLOURS[outcome.result]),
        values.text(answer.get("name") or ""),
        values.text(answer.get("version") or ""),
        clean(answer.get("server") or (resolved.server if resolved else "")) or values.NOTHING,
    ]


def _with_context(failure: Failure, context: str) -> Failure:
    """The same, naming its context."""
    if failure.what.startswith("Context "):
        return failure
    return Failure(f"Context {context!r}: {failure.what}", cure=failure.cure, notes=failure.notes)


def _tell_missing(outcome: Outcome) -> None:
    """Rights that the account lacks, though it may see enough."""
    missing = outcome.answer.get("missing") or []
    if missing and outcome.result != "refused":
        terminal.note(f"  {clean(outcome.context)}: the account may not {clean(', '.join(missing))}.", "dim")


def _warn_of_end(resolved: Resolved, *, registered: str) -> None:
    """Credentials that end are told while there is time; `registered` is the cluster's name once it has one."""
    ends = resolved.expires_at
    if not resolved.short_lived and (ends is None or ends - datetime.now(UTC) > SOON):
        return
    name = clean(resolved.context)
    source = {"exec": "an exec plugin", "oidc": "OIDC"}.get(resolved.source, "the kubeconfig")
    when = _moment(ends) if ends else "will end soon"
    terminal.warn(
        f"{name}: the credentials come from {source} and {when}; then the hub can no longer reach the cluster."
    )
    verb = f"rotate {_quoted(registered)} --context" if registered else "register --context"
    again = f"basefly clusters {verb} {_quoted(resolved.context)} --service-account view"
    by_hand = f"basefly clusters manifest view | kubectl --context {_quoted(resolved.context)} apply -f -"
    terminal.note(f"  An account for the hub lasts: {again}")
    terminal.note(f"  To see what that makes, or to make it yourself: {by_hand}")


def _moment(ends: datetime) -> str:
    left = ends - datetime.now(UTC)
    if left < timedelta():
        return f"ended at {ends:%Y-%m-%d %H:%M} UTC"
    return f"end at {ends:%Y-%m-%d %H:%M} UTC, in {values.span(left)}"


def _quoted(word: str) -> str:
    import shlex

    return shlex.quote(clean(word))


def tell_checks(outcome: Outcome) -> None:
    """Every step of one check."""
    terminal.say(f"{paint(clean(outcome.context), 'bold')}  {clean(outcome.answer.get('server', ''))}")
    for check in outcome.answer.get("checks") or ():
        mark = paint("✓", "green") if check["ok"] else paint("✕", "red")
        terminal.say(f"  {mark} {check['name']:<15} {clean(check['detail'])}")
        if check.get("cure") and not check["ok"]:
            terminal.say(f"    {paint('try:', 'cyan')} {clean(check['cure'])}")
    if outcome.failure and not outcome.answer.get("checks"):
        terminal.say(f"  {paint('✕', 'red')} {clean(outcome.failure.what)}")
        if outcome.failure.cure:
            terminal.say(f"    {paint('try:', 'cyan')} {clean(outcome.failure.cure)}")
