"""How old an answer is and whose part of it is missing: said on stderr, and in the exit code."""

from __future__ import annotations

from typing import Any

from basefly.cli import terminal
from basefly.cli.exits import Exit
from basefly.cli.show import values


class Freshness:
    """Gathers over several answers which clusters did not give their part, and says each of them once."""

    def __init__(self) -> None:
        self._missing: dict[str, str] = {}

    def add(self, answer: dict[str, Any]) -> None:
        """Take note of an answer's missing parts."""
        for part in answer.get("missing") or ():
            self._missing[part["name"]] = describe(part)

    def tell(self) -> Exit:
        """Say what is missing; the exit code that fits."""
        for name in sorted(self._missing):
            terminal.warn(f"{terminal.clean(name)}: {self._missing[name]}")
        return Exit.PARTIAL if self._missing else Exit.OK

    @property
    def words(self) -> dict[str, str]:
        """What is missing, by the name of the cluster."""
        return self._missing


def describe(part: dict[str, Any]) -> str:
    """Why one cluster's part is old or absent."""
    reason = terminal.clean(part.get("reason") or "does not answer").rstrip(".")
    as_of = values.moment(part.get("as_of"))
    if as_of is None:
        return f"{reason}; nothing of it is shown"
    return f"{reason}; shown as of {as_of:%Y-%m-%d %H:%M:%S} UTC, {values.age(part['as_of'])} ago"
