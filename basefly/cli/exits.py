"""How a command ends: its exit codes, and the failures that carry them to the terminal."""

from __future__ import annotations

from enum import IntEnum


class Exit(IntEnum):
    """What the shell is told. Documented in `basefly --help` and docs/guide/command-line.md."""

    OK = 0
    ERROR = 1
    USAGE = 2
    NOT_SIGNED_IN = 3
    DENIED = 4
    NOT_FOUND = 5
    UNREACHABLE = 6
    PARTIAL = 7
    INTERRUPTED = 130


class Failure(Exception):
    """A command that could not do what it was asked. `what` says what is wrong and where; `cure` what to do about it.

    `notes` are further lines: one for each wrong field, each failed check. `code` is the hub's stable word for it.
    """

    def __init__(
        self,
        what: str,
        *,
        cure: str = "",
        exit_code: Exit = Exit.ERROR,
        notes: tuple[str, ...] = (),
        code: str = "",
    ) -> None:
        super().__init__(what)
        self.what = what
        self.cure = cure
        self.exit_code = exit_code
        self.notes = notes
        self.code = code


def misuse(what: str, cure: str = "") -> Failure:
    """The command itself was written wrongly."""
    return Failure(what, cure=cure, exit_code=Exit.USAGE)
