"""What reaches the terminal: results on stdout, everything said about them on stderr, colour only where it is seen."""

from __future__ import annotations

import os
import re
import shutil
import sys
from pathlib import Path
from typing import Literal, TextIO

from basefly.cli.exits import Exit, Failure

Colour = Literal["red", "green", "yellow", "cyan", "dim", "bold"]
_CODES: dict[Colour, str] = {"red": "31", "green": "32", "yellow": "33", "cyan": "36", "dim": "2", "bold": "1"}
# Control characters could move the cursor or fake a line; direction marks could turn text around (CVE-2021-42574).
_HARMLESS = {
    **{code: f"\\x{code:02x}" for code in (*range(0x20), *range(0x7F, 0xA0))},
    **{
        code: f"\\u{code:04x}"
        for code in (0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A), 0x2028, 0x2029)
    },
}
# A command of ours in a sentence, as against the name of the product's account or a namespace.
_COMMAND = re.compile(
    r"(?<![\w./-])basefly(?= (?:up|demo|setup|login|logout|whoami|clusters|get|describe|events|kinds|search|tokens"
    r"|doctor|audit)\b)"
)
_HARMLESS_LINES = {code: text for code, text in _HARMLESS.items() if code not in (0x09, 0x0A)}


def coloured(stream: TextIO) -> bool:
    """Whether colour is welcome: a terminal, and nobody asked for none (https://no-color.org)."""
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def paint(text: str, colour: Colour | None, stream: TextIO | None = None) -> str:
    """The text in a colour, where the stream (stdout unless given) shows colours."""
    if colour is None or not coloured(stream or sys.stdout):
        return text
    return f"\x1b[{_CODES[colour]}m{text}\x1b[0m"


def clean(text: str) -> str:
    """One line of text from elsewhere that cannot play tricks with the terminal."""
    return text.translate(_HARMLESS)


def clean_lines(text: str) -> str:
    """As `clean`, for text of several lines."""
    return text.translate(_HARMLESS_LINES)


def say(text: str = "") -> None:
    """A line of the result."""
    sys.stdout.write(f"{text}\n")


def write(text: str) -> None:
    """A result as it is."""
    sys.stdout.write(text if text.endswith("\n") else f"{text}\n")


def flush() -> None:
    """Let whoever reads along see what there is so far."""
    sys.stdout.flush()


def callable_here(text: str) -> str:
    """The commands in a hint as they can be typed here: with their folder, where the shell would not find `basefly`."""
    typed = sys.argv[0] if sys.argv else ""
    if Path(typed).name != "basefly" or os.sep not in typed or shutil.which("basefly"):
        return text
    near = os.path.relpath(typed)
    shown = typed if near.startswith("..") else near
    return _COMMAND.sub(lambda _: shown, text)


def note(text: str, colour: Colour | None = None) -> None:
    """A line about the result, or about what is going on."""
    sys.stdout.flush()
    sys.stderr.write(f"{paint(callable_here(text), colour, sys.stderr)}\n")
    sys.stderr.flush()


def warn(text: str) -> None:
    """Something to know, though the command goes on."""
    note(f"warning: {text}", "yellow")


def tell(failure: Failure) -> None:
    """A failure: what is wrong, each detail, and the cure."""
    sys.stdout.flush()
    out = sys.stderr
    out.write(f"{paint('error:', 'red', out)} {clean_lines(failure.what)}\n")
    for line in failure.notes:
        out.write(f"  - {clean(line)}\n")
    if failure.cure:
        out.write(f"{paint('  try:', 'cyan', out)} {clean_lines(callable_here(failure.cure))}\n")


def interactive() -> bool:
    """Whether there is someone to ask."""
    return bool(sys.stdin and sys.stdin.isatty() and sys.stderr.isatty())


def ask(question: str, *, instead: str, hidden: bool = False, again: bool = False) -> str:
    """An answer from the person at the terminal; `instead` says how to give it where there is none.

    `hidden` shows nothing of what is typed; `again` asks for it twice.
    """
    import typer

    if not interactive():
        raise Failure(f"{question} is needed, and there is no terminal to ask.", cure=instead, exit_code=Exit.USAGE)
    answer: str = typer.prompt(question, hide_input=hidden, confirmation_prompt=again, err=True)
    return answer.strip() if not hidden else answer


def sure(question: str, *, yes: bool) -> None:
    """Go on only if `yes` was given or someone says so."""
    import typer

    if yes:
        return
    if not interactive():
        raise Failure(
            f"{question} Nobody is here to answer.", cure="Say yes in advance with --yes.", exit_code=Exit.USAGE
        )
    if not typer.confirm(question, err=True):
        raise Failure("Nothing was changed.")
